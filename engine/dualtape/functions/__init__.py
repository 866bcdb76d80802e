"""What users do with tensors: argument checks and promotion, then the primitives of the catalogue."""
