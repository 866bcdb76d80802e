"""Reverse tape, forward jets, and the transformations that users call."""
