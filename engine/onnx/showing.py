"""A graph as text, a line for each node, as `export(..., verbose=True)` prints it."""

from __future__ import annotations

from typing import Any

_NAMES = {
    "FLOAT": "Float", "DOUBLE": "Double", "FLOAT16": "Half", "BFLOAT16": "BFloat16",
    "INT64": "Long", "INT32": "Int", "INT16": "Short", "INT8": "Char", "UINT8": "Byte",
    "BOOL": "Bool",
}  # fmt: skip


def shown(model: Any) -> str:
    """The graph of a model as text.

    >>> print(shown(model))                                              # doctest: +SKIP
    graph(%input : Float(2, 3),
          %weight : Float(4, 3),
          %bias : Float(4)):
      %output : Float(2, 4) = onnx::Gemm[transB=1](%input, %weight, %bias)
      return (%output)
    """
    from onnx import helper, shape_inference

    graph = shape_inference.infer_shapes(model).graph
    types = {each.name: _type(each.type.tensor_type) for each in
             (*graph.input, *graph.output, *graph.value_info)}  # fmt: skip
    for each in graph.initializer:
        sizes = ", ".join(map(str, each.dims))
        types[each.name] = f"{_kind(each.data_type)}({sizes})"
    given = [each.name for each in (*graph.input, *graph.initializer)]
    head = ",\n      ".join(f"%{name} : {types[name]}" for name in given)
    lines = [f"graph({head}):"]
    for node in graph.node:
        settings = ", ".join(
            f"{each.name}={_setting(helper.get_attribute_value(each))}" for each in node.attribute
        )
        settings = f"[{settings}]" if settings else ""
        outs = ", ".join(
            f"%{name} : {types[name]}" if name in types else f"%{name}" for name in node.output
        )
        inputs = ", ".join(f"%{name}" if name else "None" for name in node.input)
        lines.append(f"  {outs} = onnx::{node.op_type}{settings}({inputs})")
    lines.append(f"  return ({', '.join(f'%{each.name}' for each in graph.output)})")
    return "\n".join(lines)


def _setting(value: Any) -> str:
    if isinstance(value, bytes):
        return f'"{value.decode()}"'
    if isinstance(value, float):
        return f"{value:g}"
    return str(list(value)) if hasattr(value, "__len__") else str(value)


def _type(tensor: Any) -> str:
    sizes = ", ".join(each.dim_param or (str(each.dim_value) if each.HasField("dim_value") else "*")
                      for each in tensor.shape.dim)  # fmt: skip
    return f"{_kind(tensor.elem_type)}({sizes})"


def _kind(number: int) -> str:
    from onnx import TensorProto

    name = TensorProto.DataType.Name(number)
    return _NAMES.get(name, name.title())
