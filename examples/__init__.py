"""A course in numbered lessons, each a program that runs alone, and the demo."""
