"""The idea: what an operation is, how its rules are read, and how a gradient travels.

Nothing here knows a number from an array, or draws or prints anything: those are the readers
(`engine.scalar`, later `engine.tensor`, `viz`), which import this package and never the reverse.
"""
