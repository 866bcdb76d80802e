"""The mechanism: kinds of primitives, and the interpreters that run them."""
