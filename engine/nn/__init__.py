"""Layers, losses and what they are made of: `torch.nn`."""
