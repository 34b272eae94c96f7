"""Arrays with gradients: the Tensor, how it is made, printed and filled with random numbers."""
