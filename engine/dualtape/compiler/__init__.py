"""Tracing to programs, passes over them, and their execution."""
