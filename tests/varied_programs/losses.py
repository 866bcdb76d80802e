"""How residuals become a loss: weights, norms, several sets of points, parts that do not map over points."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import dualtape as dt
from dualtape import ops
from varied_programs.program import RNG, Program, heat, mean_square, network, points, weights


def of_residual(reduce: Callable[[dt.Tensor], dt.Tensor]) -> Callable[..., dt.Tensor]:
    return lambda layers, x: reduce(heat(lambda z: network(layers, z), x))


def weighted(layers: list[dt.Tensor], x: dt.Tensor, shares: dt.Tensor) -> dt.Tensor:
    return (shares * ops.square(heat(lambda z: network(layers, z), x))).sum() / shares.sum()


def adversarial(parameters: tuple[list[dt.Tensor], dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """A weight for each point that is trained as well: the gradient has points, too."""
    layers, shares = parameters
    return mean_square(ops.softplus(shares) * heat(lambda z: network(layers, z), x))


def with_boundary(layers: list[dt.Tensor], x: dt.Tensor, edge: dt.Tensor, values: dt.Tensor) -> dt.Tensor:
    def field(z: dt.Tensor) -> dt.Tensor:
        return network(layers, z)

    return mean_square(heat(field, x)) + 10 * mean_square(field(edge) - values)


def with_flux(layers: list[dt.Tensor], x: dt.Tensor, edge: dt.Tensor, normal: dt.Tensor) -> dt.Tensor:
    """A slope along the normal of the boundary."""

    def field(z: dt.Tensor) -> dt.Tensor:
        return network(layers, z)

    slope = ops.stack(list(dt.partials(lambda z: field(z)[:, 0], [(1, 0), (0, 1)])(edge)), 1)
    return mean_square(heat(field, x)) + mean_square((slope * normal).sum(1))


def with_ends(layers: list[dt.Tensor], x: dt.Tensor, left: dt.Tensor, right: dt.Tensor) -> dt.Tensor:
    """Equal values and slopes at both ends: two sets of as many points."""
    ends = [dt.partials(lambda z: network(layers, z), [(0, 0), (1, 0)])(end) for end in (left, right)]
    jumps = [mean_square(one - other) for one, other in zip(*ends, strict=True)]
    return mean_square(heat(lambda z: network(layers, z), x)) + jumps[0] + jumps[1]


def balanced(layers: list[dt.Tensor], x: dt.Tensor, edge: dt.Tensor) -> dt.Tensor:
    """Terms divided by their own size."""
    terms = [mean_square(heat(lambda z: network(layers, z), x)), mean_square(network(layers, edge))]
    return sum((term / (ops.stop_gradient(term) + 0.01) for term in terms), start=ops.zeros((), x.dtype))


def causal(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """Points in the order of time count as soon as those before are solved (Wang, Sankaran and Perdikaris, 2022)."""
    square = ops.square(heat(lambda z: network(layers, z), x))
    return (ops.stop_gradient(ops.exp(-0.05 * ops.cumsum(square, 0))) * square).mean()


def smooth(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """Differences between neighbours: shifts by slices along the points."""
    u = network(layers, x)
    return mean_square(u[1:] - u[:-1]) + mean_square(u[:, :] - 1)


def stencil(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """Finite differences of the network: the points are moved, not the results."""
    step = dt.Tensor(np.array([[0.5, 0.0]], x.dtype.numpy))
    ahead, here, behind = (network(layers, x + i * step) for i in (1.0, 0.0, -1.0))
    return mean_square((ahead - 2 * here + behind) / 0.25 + here)


INSIDE = points(374)


def around_constants(layers: list[dt.Tensor]) -> dt.Tensor:
    return mean_square(heat(lambda z: network(layers, z), dt.Tensor(INSIDE.astype(layers[0].dtype.numpy))))


def integral(layers: list[dt.Tensor], x: dt.Tensor, nodes: dt.Tensor, shares: dt.Tensor) -> dt.Tensor:
    """An equation with an integral: a quadrature over nodes of its own, a number for all points."""
    whole = (shares * network(layers, nodes)[:, 0]).sum()
    return mean_square(heat(lambda z: network(layers, z), x) - whole)


def unrolled(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """Steps of Euler's method for a field, in a scan, at every point."""

    def step(state: dt.Tensor, _: None) -> tuple[dt.Tensor, None]:
        return state + 0.1 * network(layers, state), None

    return mean_square(ops.scan(step, x, length=4)[0])


def conditional(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    residual = mean_square(heat(lambda z: network(layers, z), x))
    return ops.cond(residual > 1, ops.sqrt, lambda r: r, residual)


LAYERS = weights(2, 8, 8, 1)
TIMES = np.sort(RNG.uniform(0, 1, 378))
ORDERED = np.stack([RNG.uniform(-1, 1, 378), TIMES], 1)

PROGRAMS: dict[str, Program] = {
    "sum of absolute values": Program(of_residual(lambda r: ops.abs(r).sum()), [LAYERS, points(370)], (370,)),
    "Huber": Program(
        of_residual(lambda r: ops.huber_loss(r, ops.zeros_like(r), delta=0.3)), [LAYERS, points(371)], (371,)
    ),
    "root of the mean": Program(of_residual(lambda r: ops.sqrt(mean_square(r))), [LAYERS, points(372)], (372, 372)),
    "logarithm of the mean": Program(of_residual(lambda r: ops.log(mean_square(r))), [LAYERS, points(373)], (373, 373)),
    "variance": Program(of_residual(lambda r: ops.var(ops.tanh(r))), [LAYERS, points(375)], (375, 375, 375)),
    "largest residual": Program(
        of_residual(lambda r: ops.amax(ops.abs(r))), [LAYERS, points(376)], (376, 376, 376), "maximum_along"
    ),
    "smooth maximum": Program(
        of_residual(lambda r: ops.logsumexp(ops.square(r), 0).sum()),
        [LAYERS, points(377)],
        (377, 377, 377),
        "maximum_along",
    ),
    "weights of points": Program(weighted, [LAYERS, points(379), RNG.uniform(0, 1, (379, 1))], (379, 379)),
    "trained weights of points": Program(adversarial, [(LAYERS, RNG.normal(size=(380, 1))), points(380)], (380,)),
    "boundary": Program(with_boundary, [LAYERS, points(381), points(123), RNG.normal(size=(123, 1))], (123, 381)),
    "flux through the boundary": Program(with_flux, [LAYERS, points(382), points(124), points(124)], (124, 382)),
    "periodic ends": Program(with_ends, [LAYERS, points(383), points(125), points(125)], (125, 383)),
    "balanced terms": Program(balanced, [LAYERS, points(384), points(126)], (126, 126, 384, 384)),
    "causal weights": Program(causal, [LAYERS, ORDERED], (378, 378), "cumsum"),
    "differences of neighbours": Program(smooth, [LAYERS, points(385)], (385, 385), "takes some of the points"),
    "stencil": Program(stencil, [LAYERS, points(386)], (386,)),
    "constant points": Program(around_constants, [LAYERS], (374,)),
    "integral": Program(integral, [LAYERS, points(387), points(127), RNG.uniform(0, 1, 127)], (127, 127, 387)),
    "scan over steps": Program(unrolled, [weights(2, 8, 2), points(388)], (388,)),
    "condition on the loss": Program(conditional, [LAYERS, points(389)], (389, 389)),
    "one point": Program(of_residual(mean_square), [LAYERS, points(1)], None),
    "two points": Program(of_residual(mean_square), [LAYERS, points(2)], None),
    "numbers alone": Program(lambda a, b: ops.sin(a * b) + a / b, [np.array(0.4), np.array(1.7)], (), "axis of points"),
}
