"""The training step of a physics-informed network, for several engines: what the benchmarks of it share."""
