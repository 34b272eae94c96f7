"""`save` and `load`: Tensors, states and plain nested structures, in safetensors' format.

The file holds the arrays by name, which any reader of safetensors finds there, and, in its
metadata, a JSON text that says how they were nested. Nothing is pickled, so that no file can run
anything. A file is written beside its place and then renamed: whatever happens on the way, the old
one stays whole.
"""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from engine.dtypes import as_dtype, dtype
from engine.tensor.device import device, require_cpu
from engine.tensor.size import Size
from engine.tensor.tensor import Tensor

_STRUCTURE = "engine.structure"
_VERSION = 1

# safetensors' names of types.
_TYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64",
    "I32": "int32", "I16": "int16", "I8": "int8", "U8": "uint8", "BOOL": "bool",
}  # fmt: skip


# --- structures to JSON and back ------------------------------------------------------------------


class _Packer:
    """Takes the Tensors out of a nested structure, each once, and says how it was nested."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._names: dict[int, str] = {}
        self._kept: list[Any] = []  # ids are not given again while what they name is alive

    def pack(self, value: Any, path: str) -> Any:
        """The JSON form of a value."""
        if isinstance(value, Tensor):
            return self._tensor(value, path)
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, bool | int | str):
            return value
        if isinstance(value, float):
            # JSON has no infinity and no NaN.
            return value if np.isfinite(value) else {"float": repr(value)}
        if isinstance(value, dict):
            kind = "ordered" if isinstance(value, OrderedDict) else "dict"
            return {kind: [[self._key(k, path), self.pack(v, _below(path, k))]
                           for k, v in value.items()]}  # fmt: skip
        if isinstance(value, Size):
            return {"size": list(value)}
        if isinstance(value, list | tuple):
            kind = "list" if isinstance(value, list) else "tuple"
            return {kind: [self.pack(v, _below(path, k)) for k, v in enumerate(value)]}
        if isinstance(value, dtype):
            return {"dtype": value.name}
        if isinstance(value, device):
            return {"device": str(value)}
        if isinstance(value, np.ndarray):
            return {"array": self._array(value, path)}
        raise TypeError(
            f"save() takes Tensors, numbers, texts, and dictionaries, lists and tuples of them; at "
            f"{path or 'the top'} there is a {type(value).__name__}. Of a model or an optimizer "
            f"save its state_dict()"
        )

    def _key(self, key: Any, path: str) -> Any:
        if key is None or isinstance(key, bool | int | float | str):
            return key
        if isinstance(key, tuple):
            return {"tuple": [self._key(each, path) for each in key]}
        raise TypeError(
            f"the keys of a dictionary are saved if they are texts or numbers; at "
            f"{path or 'the top'} there is {type(key).__name__} {key!r:.40}"
        )

    def _tensor(self, tensor: Tensor, path: str) -> dict[str, Any]:
        packed: dict[str, Any] = {"tensor": self._array(tensor._data, path)}
        if tensor.requires_grad and tensor.is_leaf:
            packed["requires_grad"] = True
        if type(tensor) is not Tensor:
            packed["parameter"] = True
        return packed

    def _array(self, array: np.ndarray, path: str) -> str:
        if id(array) in self._names:
            return self._names[id(array)]
        name = wish = path or "tensor"
        again = 1
        while name in self.arrays:
            again += 1
            name = f"{wish}#{again}"
        self._names[id(array)] = name
        self._kept.append(array)
        self.arrays[name] = array
        return name


def _below(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


def _unpack(packed: Any, arrays: dict[str, np.ndarray], made: dict[str, Tensor]) -> Any:
    """A structure from its JSON form."""
    if not isinstance(packed, dict):
        if isinstance(packed, list):
            raise ValueError("the structure that the file describes is not one of ours")
        return packed
    for kind in ("ordered", "dict"):
        if kind in packed:
            pairs = [(_key(k), _unpack(v, arrays, made)) for k, v in packed[kind]]
            return OrderedDict(pairs) if kind == "ordered" else dict(pairs)
    if "list" in packed:
        return [_unpack(v, arrays, made) for v in packed["list"]]
    if "tuple" in packed:
        return tuple(_unpack(v, arrays, made) for v in packed["tuple"])
    if "tensor" in packed:
        name = packed["tensor"]
        if name not in made:
            made[name] = Tensor.at(arrays[name], None)
            if packed.get("requires_grad"):
                made[name].requires_grad_()
        return made[name]
    if "array" in packed:
        return arrays[packed["array"]]
    if "float" in packed:
        return float(packed["float"])
    if "size" in packed:
        return Size(packed["size"])
    if "dtype" in packed:
        return as_dtype(packed["dtype"])
    if "device" in packed:
        return device(packed["device"])
    raise ValueError(f"the file describes something unknown: {sorted(packed)!r:.60}")


def _key(packed: Any) -> Any:
    return tuple(map(_key, packed["tuple"])) if isinstance(packed, dict) else packed


# --- bytes ----------------------------------------------------------------------------------------


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError(
            "save() and load() write and read safetensors files; pip install safetensors"
        ) from None
    return safetensors


def to_bytes(obj: Any) -> bytes:
    """What `save` writes."""
    packer = _Packer()
    structure = json.dumps({"version": _VERSION, "value": packer.pack(obj, "")})
    arrays = {name: np.require(array, requirements="C") for name, array in packer.arrays.items()}
    return _safetensors().numpy.save(arrays, {_STRUCTURE: structure})


def from_bytes(data: bytes) -> Any:
    """What `save` wrote, or the dictionary of Tensors of any other safetensors file.

    Raises:
        ValueError: for a pickle, and for a file that is damaged or none of safetensors'.
    """
    _refuse_pickle(data)
    module = _safetensors()
    try:
        entries = module.deserialize(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")].decode("utf-8"))
    except (module.SafetensorError, ValueError) as error:
        raise ValueError(
            f"this is no whole safetensors file: {error}. It may have been cut short or changed; "
            f"save it anew"
        ) from error
    arrays = {name: _array(name, entry) for name, entry in entries}
    described = header.get("__metadata__", {}).get(_STRUCTURE)
    if described is None:
        return OrderedDict((name, Tensor.at(array, None)) for name, array in arrays.items())
    try:
        structure = json.loads(described)
        if structure["version"] > _VERSION:
            raise ValueError(f"it is of version {structure['version']}, newer than this engine")
        return _unpack(structure["value"], arrays, {})
    except (ValueError, LookupError, TypeError, AttributeError, RuntimeError) as error:
        raise ValueError(
            f"the file's description of what is in it makes no sense: {error}"
        ) from error


def _array(name: str, entry: dict[str, Any]) -> np.ndarray:
    kind = _TYPES.get(entry["dtype"])
    if kind is None:
        raise ValueError(
            f"{name!r} holds {entry['dtype']}, which has no dtype here; convert it at its source"
        )
    array = np.frombuffer(bytearray(entry["data"]), as_dtype(kind).numpy)
    return array.reshape(entry["shape"])


def _refuse_pickle(data: bytes) -> None:
    # subtle: the first bytes may be those of a pickle by chance, being the length of the header;
    # the header itself begins with a brace, which no pickle of PyTorch's has there.
    if data[8:9] != b"{" and (data[:4] == b"PK\x03\x04" or data[:1] == b"\x80"):
        raise ValueError(
            "this is a pickle, as PyTorch's torch.save writes it, and a pickle can run any "
            "program when it is read: it is not opened here. Convert it once where it came from: "
            "from safetensors.torch import save_file; "
            "save_file(torch.load(path, weights_only=True), 'weights.safetensors')"
        )


# --- files ----------------------------------------------------------------------------------------


def save(obj: Any, f: Any, **ignored: Any) -> None:
    """Writes Tensors, state dictionaries, numbers, texts, and dictionaries, lists and tuples of
    them to a file.

    Args:
        obj: what to save.
        f: a path, or a file opened for writing bytes. A file at that path is replaced only when the
            new one is whole.

    Raises:
        TypeError: for what cannot be saved (a model; save its `state_dict()`).
        OSError: where the file cannot be written; the old one is still there.

    >>> import engine, io
    >>> file = io.BytesIO()
    >>> save({"w": engine.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> load(file)
    {'w': tensor([1., 1.]), 'epoch': 3}
    """
    data = to_bytes(obj)
    if hasattr(f, "write"):
        f.write(data)
    else:
        write_whole(Path(f), lambda file: file.write(data))


def write_whole(path: Path, write: Callable[[io.BufferedWriter], Any]) -> None:
    """Writes a file beside its place, and renames it when it is whole."""
    folder = path.parent
    descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        # A temporary file is its owner's alone; the new one has the rights that any other would.
        os.chmod(beside, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        os.replace(beside, path)
    except BaseException:
        with_path = Path(beside)
        with_path.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def load(f: Any, map_location: Any = None, weights_only: Any = None, **ignored: Any) -> Any:
    """Reads what `save` wrote; of any other safetensors file the dictionary of its Tensors.

    Args:
        f: a path, or a file opened for reading bytes.
        map_location: the processor.

    Raises:
        ValueError: for a pickle (which is never opened) and for a damaged file.
        OSError: where there is no such file.
    """
    if map_location is not None and not callable(map_location):
        wheres = map_location.values() if isinstance(map_location, dict) else [map_location]
        for where in wheres:
            _require_cpu(where)
    data = f.read() if hasattr(f, "read") else Path(f).read_bytes()
    return from_bytes(data)


def _require_cpu(where: Any) -> None:
    """Refuses any device but the processor, as PyTorch does at this place with a RuntimeError."""
    try:
        require_cpu(where)
    except AssertionError as error:
        raise RuntimeError(
            f"Attempting to deserialize object on {str(where)!r} but there is no such device: "
            f"load with map_location='cpu'. {error}"
        ) from None
