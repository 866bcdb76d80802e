"""Conditions and loops: Python's on concrete values, single equations of a program inside `jit`."""
