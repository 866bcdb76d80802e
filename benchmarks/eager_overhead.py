"""What one eager operation costs beside PyTorch: forward and backward of tanh(x + y) with one element.

Both engines run in this process, in turn, so that a change of the machine's speed meets both; the figures are
medians of the rounds. Prints a table, and with ``--json FILE`` writes the figures too.

    python benchmarks/eager_overhead.py
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

import dualtape as dt


def dualtape_step() -> Callable[[], object]:
    x, y = dt.Tensor([0.3]), dt.Tensor([0.4])
    gradient = dt.grad(lambda x, y: dt.ops.tanh(x + y), (0, 1))
    return lambda: gradient(x, y)


def torch_step() -> Callable[[], object] | None:
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(2)
    x, y = torch.tensor([0.3], requires_grad=True), torch.tensor([0.4], requires_grad=True)
    return lambda: torch.autograd.grad(torch.tanh(x + y), (x, y))


def forward_steps() -> dict[str, Callable[[], object]]:
    x, y = dt.Tensor([0.3]), dt.Tensor([0.4])
    steps: dict[str, Callable[[], object]] = {"dualtape forward only": lambda: dt.ops.tanh(x + y)}
    try:
        import torch
    except ImportError:
        return steps
    a, b = torch.tensor([0.3]), torch.tensor([0.4])
    return {**steps, "torch forward only": lambda: torch.tanh(a + b)}


def seconds(step: Callable[[], object], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        step()
    return (time.perf_counter() - start) / repeats


def measure(steps: dict[str, Callable[[], object]], rounds: int, repeats: int) -> dict[str, float]:
    """Median microseconds of each step; the steps take turns."""
    for step in steps.values():
        seconds(step, repeats)
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            times[name].append(seconds(step, repeats))
    return {name: 1e6 * statistics.median(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--json")
    options = parser.parse_args()
    steps = {"dualtape": dualtape_step(), **forward_steps()}
    peer = torch_step()
    if peer is not None:
        steps["torch"] = peer
    figures = measure(steps, options.rounds, options.repeats)
    for name in sorted(figures):
        print(f"{name:24s}{figures[name]:8.2f} us")
    if peer is not None:
        print(f"{'ratio dualtape / torch':24s}{figures['dualtape'] / figures['torch']:8.2f}")
    else:
        print("PyTorch is not installed: no comparison")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)


if __name__ == "__main__":
    main()
