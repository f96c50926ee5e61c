"""Geometry, metrics and value types: the standard library and numpy, nothing else."""
