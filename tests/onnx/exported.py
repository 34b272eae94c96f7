"""Exporting a model and running the file: what the tests of `engine.onnx` share."""

import io
from typing import Any

import numpy as np
import onnxruntime

import engine


def flat(found: Any) -> list[Any]:
    """The Tensors of a result, in order."""
    if isinstance(found, tuple | list):
        return [each for part in found for each in flat(part)]
    return [found]


def session_of(model: Any, args: tuple, **settings: Any) -> onnxruntime.InferenceSession:
    """The file of a model, opened by onnxruntime."""
    file = io.BytesIO()
    engine.onnx.export(model, args, file, **settings)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(file.getvalue(), options)


def run(session: onnxruntime.InferenceSession, args: tuple) -> list[np.ndarray]:
    """The results of a file for these inputs."""
    names = [each.name for each in session.get_inputs()]
    tensors = [each for each in flat(list(args)) if hasattr(each, "numpy")]
    return session.run(None, {n: t.numpy() for n, t in zip(names, tensors, strict=True)})


def same(model: Any, args: Any, *others: Any, tolerance: float = 1e-5, **settings: Any) -> None:
    """Asserts that the file computes what the model does: for the inputs that it was exported with,
    and for others."""
    args = args if isinstance(args, tuple) else (args,)
    session = session_of(model, args, **settings)
    if hasattr(model, "eval"):
        model.eval()
    for given in (args, *others):
        given = given if isinstance(given, tuple) else (given,)
        copies = tuple(t.clone() if hasattr(t, "clone") else t for t in given)
        found = run(session, given)
        expected = [each.detach().numpy() for each in flat(model(*copies))]
        assert len(found) == len(expected)
        for mine, right in zip(found, expected, strict=True):
            assert mine.shape == right.shape and mine.dtype == right.dtype
            np.testing.assert_allclose(mine, right, rtol=tolerance, atol=tolerance)
