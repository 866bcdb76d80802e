"""Poisson's equation in 100 dimensions by DeepXDE on PyTorch, for the gallery: an error for each 25 steps of Adam.

The problem is that of examples/poisson_100d.py, with the same weight of the boundary, on a network of one hidden layer.
Its points are drawn anew every 100 steps; more of them on the boundary take more memory than a machine of 24 GB has,
for DeepXDE takes the Laplacian there, too.

    python benchmarks/poisson_100d_deepxde.py [--seconds 100] [--inside 100] [--boundary 400] [--width 128]
"""

from __future__ import annotations

import argparse
import os
import time

import numpy as np

os.environ["DDE_BACKEND"] = "pytorch"

import deepxde
import torch

DIMENSIONS = 100
HALF = np.pi / 2


def exact(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.mean(np.sin(HALF * x), axis=1, keepdims=True))


def equation(x: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
    laplacian = sum(deepxde.grad.hessian(u, x, i=i, j=i) for i in range(DIMENSIONS))
    return laplacian + HALF**2 * torch.mean(torch.sin(HALF * x), 1, keepdim=True)


class Errors(deepxde.callbacks.Callback):
    """Prints errors, and ends the training after some seconds of all cores."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.points = np.random.default_rng(3).uniform(size=(4_096, DIMENSIONS))

    def on_epoch_end(self) -> None:
        step, wanted, seconds = self.model.train_state.step, exact(self.points), time.process_time()
        if step % 25 == 0:
            error = np.linalg.norm(self.model.predict(self.points) - wanted) / np.linalg.norm(wanted)
            print(f"{step} steps, {seconds:.0f} s of cores: error {error:.2e}", flush=True)
        self.model.stop_training = seconds > self.seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=100.0)
    for name, default in (("inside", 100), ("boundary", 400), ("width", 128)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    torch.set_num_threads(1)
    deepxde.config.set_default_float("float64")
    deepxde.config.set_random_seed(0)
    domain = deepxde.geometry.Hypercube([0] * DIMENSIONS, [1] * DIMENSIONS)
    boundary = deepxde.icbc.DirichletBC(domain, exact, lambda _, on_boundary: on_boundary)
    points = {"num_domain": options.inside, "num_boundary": options.boundary, "train_distribution": "pseudo"}
    data = deepxde.data.PDE(domain, equation, boundary, solution=exact, **points)
    network = deepxde.nn.FNN([DIMENSIONS, options.width, 1], "tanh", "Glorot normal")
    model = deepxde.Model(data, network)
    model.compile("adam", lr=1e-3, loss_weights=[1, 10])
    watch = [Errors(options.seconds), deepxde.callbacks.PDEPointResampler(period=100)]
    model.train(iterations=100_000, callbacks=watch, display_every=1_000, verbose=0)


if __name__ == "__main__":
    main()
