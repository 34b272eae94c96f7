"""Models as ONNX files, which other programs run: `engine.onnx.export(model, args, "model.onnx")`.

ONNX is a format for networks: a graph of operators, with the parameters. The file is made by
running the model and reading what it did; it needs the package onnx, `pip install
"engine-autograd[onnx]"`, and running it needs onnxruntime or another program that reads the format.
Nothing here reads ONNX files.
"""

from engine.onnx.calling import TrainingMode
from engine.onnx.exporting import export
from engine.onnx.graph import UnsupportedOperatorError
from engine.onnx.trace import TracerWarning

__all__ = ["TracerWarning", "TrainingMode", "UnsupportedOperatorError", "export"]
