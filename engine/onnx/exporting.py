"""`export`: a model and an example of its inputs become a file that other programs can run.

The one idea: the model runs, and what it does is read (`trace`), laid side by side with what it
does for other sizes (`runs`, `building`), and written as ONNX's operators (`lowering`). The file is
checked before it takes its place. What a model does depends on its inputs only through Tensors: a
Python `if` on elements is decided when it is exported.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from engine.onnx.building import Builder, live, renamed
from engine.onnx.calling import Call, TrainingMode, all_runs, generator_kept, in_mode
from engine.onnx.graph import Graph, Operand, onnx_type
from engine.onnx.runs import Size, symbols_of
from engine.onnx.showing import shown
from engine.tensor.serialization import write_whole

OLDEST = 13
"""The oldest set of operators that is written: the one in which axes became inputs."""


def export(
    model: Any, args: Any, f: Any = None, export_params: bool = True, verbose: bool = False,
    training: Any = TrainingMode.EVAL, input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None, *, kwargs: dict[str, Any] | None = None,
    dynamic_axes: Any = None, opset_version: int | None = 17, do_constant_folding: bool = True,
    keep_initializers_as_inputs: bool = False, **ignored: Any,
) -> Any:  # fmt: skip
    """Writes a model as an ONNX file, which onnxruntime and many others can run.

    The model is run with `args`, and every operation on Tensors goes into the file. With dynamic
    axes it is run again with other sizes, to see which figures depend on them, and once more with
    other elements, to find what is constant only by accident.

    Args:
        model: a Module, or a function of Tensors.
        args: a Tensor, or a tuple of what the model is called with; Tensors in it (in lists, tuples
            and dictionaries too) are the inputs of the file, all else is constant.
        f: a path, or a file opened for writing bytes; None writes nothing.
        export_params: False leaves parameters' values out: they become inputs.
        verbose: prints the graph.
        training: TrainingMode.EVAL runs the model in evaluation mode, PRESERVE in its own.
        input_names, output_names: for the first of them, in order; otherwise an input is called as
            the parameter of `forward`, and a result "output".
        kwargs: named arguments of the model.
        dynamic_axes: which sizes may be others when the file is run, by the names of inputs and
            results: {"x": {0: "batch"}}, or {"x": [0]} with names of our own.
        opset_version: the version of ONNX's operators, 13 or later.
        do_constant_folding: what depends on no input is worked out now.
        keep_initializers_as_inputs: lists parameters among the inputs, too.
        ignored: other settings of torch.onnx.export, such as `dynamo`, say nothing here.

    Returns:
        The onnx.ModelProto.

    Raises:
        ImportError: without the package onnx.
        UnsupportedOperatorError: a RuntimeError: an operation has no counterpart in ONNX.
        RuntimeError: for more names than inputs, sizes that cannot be written.
        ValueError: for an unknown opset_version, axes that do not exist, names used twice.

    >>> model = engine.nn.Linear(3, 4)                                   # doctest: +SKIP
    >>> engine.onnx.export(model, engine.randn(2, 3), "model.onnx",
    ...                    input_names=["x"], dynamic_axes={"x": {0: "batch"}})
    """
    onnx = onnx_package()
    opset = check_opset(onnx, opset_version)
    call = Call(model, args, kwargs, input_names)
    dynamic, result_axes = _axes(dynamic_axes, call)
    with in_mode(model, TrainingMode(int(training))), generator_kept():
        traces, results = all_runs(call, dynamic)
    names = _result_names(output_names, len(results))
    unknown = set(result_axes) - set(names)
    for name in sorted(unknown):
        warnings.warn(
            f"Provided key {name} for dynamic axes is not a valid input/output name", stacklevel=2
        )
    _refuse_twice([*call.names, *names], call.state)
    symbols = symbols_of(dynamic, {k: a.shape for k, a in call.arrays.items()})
    graph = Graph(opset, symbols, [*call.names, *names, *call.state])
    builder = Builder(traces, graph, do_constant_folding)
    operands = builder.build(results)
    model_proto = _assembled(
        onnx, call, graph, builder, operands, names, dynamic, result_axes,
        export_params, keep_initializers_as_inputs,
    )  # fmt: skip
    onnx.checker.check_model(model_proto, full_check=True)
    if verbose:
        print(shown(model_proto))
    data = model_proto.SerializeToString()
    if hasattr(f, "write"):
        f.write(data)
    elif f is not None:
        write_whole(Path(f), lambda file: file.write(data))
    return model_proto


def onnx_package() -> ModuleType:
    """The package onnx.

    Raises:
        ImportError: where it is not installed, with the command that installs it.
    """
    try:
        import onnx
        import onnx.checker
    except ImportError as error:
        raise ImportError(
            "engine.onnx needs the package onnx, which is not installed: "
            'pip install "engine-autograd[onnx]"'
        ) from error
    return onnx


def check_opset(onnx: ModuleType, version: int | None) -> int:
    """The version of the operators, 17 if none is given.

    Raises:
        ValueError: for one that is not written here, or that the installed onnx does not know.
    """
    version = 17 if version is None else version
    latest = onnx.defs.onnx_opset_version()
    if isinstance(version, bool) or not isinstance(version, int) or not (
        OLDEST <= version <= latest
    ):  # fmt: skip
        raise ValueError(
            f"Unsupported ONNX opset version: {version}; it is a whole number from {OLDEST} to "
            f"{latest} (the latest that the installed onnx knows)"
        )
    return version


# --- names ----------------------------------------------------------------------------------------


def _axes(given: Any, call: Call) -> tuple[dict[str, dict[int, str]], dict[str, dict[int, str]]]:
    """Dynamic axes of the inputs, and of everything else, as {name: {axis: symbol}}.

    Raises:
        ValueError: for an axis that does not exist.
    """
    inputs: dict[str, dict[int, str]] = {}
    others: dict[str, dict[int, str]] = {}
    for name, axes in dict(given or {}).items():
        if not isinstance(axes, dict):
            axes = {axis: f"{name}_dynamic_axes_{k + 1}" for k, axis in enumerate(axes)}
        if name not in call.arrays:
            others[name] = dict(axes)
            continue
        ndim = call.arrays[name].ndim
        for axis in axes:
            if not isinstance(axis, int) or not -ndim <= axis < ndim:
                raise ValueError(
                    f"dynamic_axes names axis {axis!r} of {name!r}, which has {ndim} dimensions"
                )
        inputs[name] = {axis % ndim: str(symbol) for axis, symbol in axes.items()}
    return inputs, others


def _result_names(given: Sequence[str] | None, count: int) -> list[str]:
    names = list(given or [])
    if len(names) > count:
        raise RuntimeError(
            f"number of output names provided ({len(names)}) exceeded number of outputs ({count})"
        )
    usual = ["output"] if count == 1 else [f"output_{k}" for k in range(count)]
    return [*names, *usual[len(names) :]]


def _refuse_twice(names: list[str], state: dict[str, Any]) -> None:
    seen = set(state)
    for name in names:
        if name in seen:
            raise ValueError(
                f"the name {name!r} is used twice among inputs, results and parameters; give "
                f"others with input_names and output_names"
            )
        seen.add(name)


# --- the file -------------------------------------------------------------------------------------


def _assembled(
    onnx: ModuleType, call: Call, graph: Graph, builder: Builder, operands: list[Operand],
    names: list[str], dynamic: dict, result_axes: dict, with_params: bool, as_inputs: bool,
) -> Any:  # fmt: skip
    """The model in ONNX's form."""
    from onnx import helper, numpy_helper

    made = {out for node in graph.nodes for out in node.output}
    nodes = live(graph.nodes, operands)
    finals: dict[str, str] = {}
    copies = []
    for operand, name in zip(operands, names, strict=True):
        if operand in made and operand not in finals:
            finals[operand] = name
        else:
            copies.append((operand, name))
    renamed(nodes, lambda old: finals.get(old, old))
    nodes += [
        helper.make_node("Identity", [finals.get(operand, operand)], [name], name=f"Result_{name}")
        for operand, name in copies
    ]
    used = {name for node in nodes for name in node.input}
    inputs = [
        helper.make_tensor_value_info(
            name, onnx_type(array.dtype),
            [dynamic.get(name, {}).get(axis, size) for axis, size in enumerate(array.shape)],
        )
        for name, array in call.arrays.items()
    ]  # fmt: skip
    state = {name: array for name, array in builder.state.items() if name in used}
    arrays = {name: array for name, array in graph.arrays.items() if name in used}
    if not with_params or as_inputs:
        inputs += [
            helper.make_tensor_value_info(name, onnx_type(array.dtype), array.shape)
            for name, array in state.items()
        ]
    arrays = {**state, **arrays} if with_params else arrays
    outputs = [
        helper.make_tensor_value_info(
            name, onnx_type(operand.dtype), _sizes(operand.shape, result_axes.get(name, {}))
        )
        for operand, name in zip(operands, names, strict=True)
    ]
    made_graph = helper.make_graph(
        nodes, "main_graph", inputs, outputs,
        [numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
         for name, array in arrays.items()],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", graph.opset)]
    return helper.make_model(
        made_graph, opset_imports=opsets, producer_name="engine",
        ir_version=helper.find_min_ir_version_for(opsets),
    )  # fmt: skip


def _sizes(shape: tuple, asked: dict[int, str]) -> list[int | str | None]:
    """The sizes of a result: numbers, names of dynamic ones, None for those without a name."""
    named = {axis % len(shape): name for axis, name in asked.items()} if shape else {}
    return [
        size.symbol or named.get(axis) if isinstance(size, Size) else named.get(axis, size)
        for axis, size in enumerate(shape)
    ]
