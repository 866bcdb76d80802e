"""Counted operations and bytes of programs small enough to count by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import dualtape as dt
from dualtape import ops
from dualtape.compiler.cost import Cost, count
from dualtape.compiler.peaks import Peaks, peaks_of
from dualtape.compiler.program import Equation, Node
from dualtape.core.lowering import Expression
from dualtape.core.primitive import CATALOGUE, Elementwise
from dualtape.core.spec import Spec

M, K, N = 3, 4, 5
A, B, V = ops.ones((M, K)), ops.ones((K, N)), ops.ones(7)


def cost(f: Callable[..., object], *arguments: dt.Tensor) -> Cost:
    return dt.jit(f).lower(*arguments).cost()


CASES: dict[str, tuple[Callable[..., object], tuple[dt.Tensor, ...], int, int]] = {
    "matmul": (lambda a, b: a @ b, (A, B), 2 * M * N * K, 4 * (M * K + K * N + M * N)),
    "batched matmul": (lambda a, b: a @ b, (ops.ones((2, M, K)), B), 2 * 2 * M * N * K, 4 * (2 * M * K + K * N + 30)),
    "add": (lambda x: x + x, (V,), 7, 4 * 21),
    "add and multiply": (lambda x: (x + x) * x, (V,), 14, 4 * 42),
    "broadcast add": (lambda a, v: a + v, (A, ops.ones(K)), M * K, 4 * (2 * M * K + K)),
    "function": (lambda x: ops.tanh(x), (V,), 7, 4 * 14),
    "sum of all": (lambda a: ops.sum(a), (A,), M * K - 1, 4 * (M * K + 1)),
    "sum of columns": (lambda a: ops.sum(a, 0), (A,), (M - 1) * K, 4 * (M * K + K)),
    "maximum": (lambda v: ops.amax(v), (V,), 6, 4 * 8),
    "transpose": (lambda a: a.T, (A,), 0, 2 * 4 * M * K),
    "reshape": (lambda a: ops.reshape(a, (K, M)), (A,), 0, 0),
    "concatenate": (lambda v: ops.concat([v, v]), (V,), 0, 4 * 28),
    "cumsum": (lambda v: ops.cumsum(v, 0), (V,), 7, 4 * 14),
    "nothing": (lambda v: v, (V,), 0, 0),
    "float64": (lambda x: x + x, (V.astype(dt.float64),), 7, 8 * 21),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_count(case: str) -> None:
    f, arguments, flops, moved = CASES[case]
    found = cost(f, *arguments)
    assert found.flops == flops
    assert found.bytes == moved


def body(c: dt.Tensor, r: dt.Tensor) -> tuple[dt.Tensor, dt.Tensor]:
    return c * r + c, c


def test_a_scan_is_its_length_times_its_body() -> None:
    for length in (1, 10, 1000):
        found = cost(lambda c, r: ops.scan(body, c, r)[0], V, ops.ones(length))
        assert found.flops == length * 14
        # The outputs of the steps are not read, and so not made; one number is taken from the rows for each step.
        assert found.by_kind()["elementwise"].bytes == length * 4 * (7 + 1 + 7 + 7 + 7 + 7)
        assert found.by_kind()["movement"].bytes == length * 2 * 4


def test_a_scan_stacks_its_outputs() -> None:
    found = cost(lambda c, r: ops.scan(body, c, r), V, ops.ones(10))
    assert found.by_kind()["movement"].bytes == 10 * 2 * 4 * (1 + 7)


def test_nested_scans_multiply() -> None:
    def inner(i: dt.Tensor, c: dt.Tensor) -> dt.Tensor:
        return ops.fori_loop(0, 5, lambda j, c: c * c, c)

    assert cost(lambda c: ops.fori_loop(0, 4, inner, c), V).flops == 4 * 5 * 7


def test_a_condition_costs_its_dearer_branch() -> None:
    found = cost(lambda x: ops.cond(x[0] > 0, lambda x: x * x + x, lambda x: x + x, x), V)
    assert found.by_kind()["elementwise"].flops == 14 + 1


def test_a_while_loop_is_counted_with_one_step_and_says_so() -> None:
    found = cost(lambda x: ops.while_loop(lambda x: x.sum() < 100, lambda x: x * x, x), V)
    assert found.flops == 6 + 1 + 7
    assert "one step" in str(found)


def test_least_bytes_are_what_comes_in_and_goes_out() -> None:
    assert cost(lambda x: ops.sin(ops.cos(ops.sin(x))), V).least_bytes == 4 * 14


def test_time_is_the_longer_one_of_computing_and_moving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dualtape.compiler.cost.peaks_of", lambda device: Peaks(flops=1e9, bandwidth=1e9))
    product, total = cost(lambda a, b: a @ b, ops.ones((8, 8)), ops.ones((8, 8))), cost(lambda x: x + x, V)
    assert product.seconds == pytest.approx(2 * 8**3 / 1e9)
    assert total.seconds == pytest.approx(84 / 1e9)
    assert product.intensity == pytest.approx(2 * 8**3 / (3 * 64 * 4))


def test_table() -> None:
    text = str(cost(lambda a, b: ops.tanh(a @ b).sum(), A, B))
    heads, *rows = text.splitlines()
    assert heads.split() == ["kind", "equations", "operations", "bytes", "op/byte", "at", "least"]
    assert [row.split()[0] for row in rows[:5]] == ["product", "elementwise", "reduction", "movement", "all"]
    assert rows[0].split()[1:4] == ["1", "120", "188"]
    assert "GFLOP/s" in rows[-1]


def test_peaks_are_measured_once_for_a_device(device: dt.Device) -> None:
    found = peaks_of(device)
    assert found.flops > 0
    assert found.bandwidth > 0
    assert peaks_of(device) is found


OF_KERNELS = [
    name for name, x in CATALOGUE.items() if isinstance(x, Elementwise) and isinstance(x.lowering, Expression)
]


@pytest.mark.parametrize("name", OF_KERNELS)
def test_every_function_costs_an_operation_for_each_element(name: str) -> None:
    primitive = CATALOGUE[name]
    assert isinstance(primitive, Elementwise)
    inputs = tuple(Node(Spec((2, 3), dt.float32)) for _ in primitive.domain)
    found = count(Equation(primitive, inputs, primitive.params[0], Node(Spec((2, 3), dt.float32))))
    assert found.kind == "elementwise"
    assert found.flops >= 6
    assert found.bytes == 4 * 6 * (len(inputs) + 1)


def test_what_runs_on_the_host_is_told_apart() -> None:
    (found,) = cost(lambda x: ops.special.gamma(x), V).counts
    assert (found.kind, found.flops, found.bytes) == ("on the host", 7, 4 * 14)
