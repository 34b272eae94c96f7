"""Layers as functions: `torch.nn.functional`."""
