"""One number at a time: values, and networks made of them."""

from engine.scalar.names import label
from engine.scalar.nn import MLP, Layer, Module, Neuron
from engine.scalar.value import Value

__all__ = ["MLP", "Layer", "Module", "Neuron", "Value", "label"]
