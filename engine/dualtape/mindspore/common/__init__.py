"""MindSpore's `common`: tensors, parameters, element types, first values, `jit`."""
