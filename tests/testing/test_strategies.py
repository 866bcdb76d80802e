"""What the strategies draw, and what a new primitive meets."""

from __future__ import annotations

import subprocess
import sys
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

import dualtape as dt
from dualtape.core.primitive import CATALOGUE, Primitive
from dualtape.devices.opencl import opencl_devices
from dualtape.testing import strategies as s
from dualtape.testing.operands import is_of_reals

FEW = settings(max_examples=30, deadline=None, database=None, suppress_health_check=list(HealthCheck))
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "kind",
    [lambda shape: 0 in shape, lambda shape: shape == (), lambda shape: prod(shape) == 1 and len(shape) > 1],
    ids=["empty", "0-d", "size 1"],
)
def test_shapes_of_every_kind_are_drawn(kind) -> None:  # type: ignore[no-untyped-def]
    assert kind(find(s.shapes(), kind))


@FEW
@given(s.broadcastable_shapes(3, min_size=0))
def test_broadcastable_shapes_broadcast(shapes: tuple[tuple[int, ...], ...]) -> None:
    np.broadcast_shapes(*shapes)


@FEW
@given(s.tensors(s.shapes(), st.sampled_from([dt.float64, dt.float32]), (-1.0, 2.0), away_from=(0.0, 1.0)))
def test_elements_are_readable_and_keep_away_from_kinks(x: dt.Tensor) -> None:
    array = x.asnumpy()
    assert ((array >= -1) & (array <= 2)).all()
    for kink in (0.0, 1.0):
        assert (np.abs(array - kink) >= 0.0499).all()
    np.testing.assert_allclose(array, np.round(array.astype(np.float64), 2), rtol=1e-6)


@FEW
@given(s.tensors((3,), dt.int8, (-500, 500)), s.tensors((2,), dt.bool_), s.tensors((2,), elements=st.just(0.5)))
def test_other_types_and_elements(x: dt.Tensor, flags: dt.Tensor, halves: dt.Tensor) -> None:
    assert (x.dtype, flags.dtype, halves.tolist()) == (dt.int8, dt.bool_, [0.5, 0.5])


def test_tensors_shrink_to_zeros() -> None:
    assert find(s.tensors((2, 2)), lambda x: True).tolist() == [[0, 0], [0, 0]]
    with pytest.raises(ValueError, match=r"no decimal with two places"):
        find(s.tensors((1,), elements=(0.0, 0.04), away_from=(0.0,)), lambda x: True)


@FEW
@given(s.directions({"a": dt.Tensor([1.0, 2.0]), "n": 3}))
def test_directions_are_like_what_is_differentiated(v: dict[str, dt.Tensor]) -> None:
    assert (v["a"].shape, v["a"].dtype, v["n"]) == ((2,), dt.float32, 3)
    assert (np.abs(v["a"].asnumpy()) <= 1).all()


@FEW
@given(s.multi_indices(3, 4))
def test_multi_indices(index: tuple[int, ...]) -> None:
    assert len(index) == 3
    assert 0 <= sum(index) <= 4


@pytest.mark.parametrize("primitive", CATALOGUE.values(), ids=lambda p: p.name)
def test_every_primitive_is_part_of_programs(primitive: Primitive) -> None:
    @FEW
    @given(s.programs(smooth=False, max_steps=2, primitives=[primitive]))
    def holds_it(program: s.Composition) -> None:
        assert primitive.name in program.primitives

    holds_it()
    assert (primitive in s.pool()) == is_of_reals(primitive)


def test_values_of_complex_programs_are_reals() -> None:
    """Operands are joined of what is there, and a part of the result is taken out."""
    drawn = find(s.programs([(2,)], max_steps=1, primitives=[CATALOGUE["conj"]]), lambda f: True)
    before, itself, after = drawn.primitives[-3:]
    assert (before, itself) == ("join", "conj")
    assert after in ("real", "imag")


@FEW
@given(s.programs().flatmap(lambda f: st.tuples(st.just(f), s.points(f))))
def test_programs_are_finite_at_their_points(call: tuple[s.Composition, tuple[dt.Tensor, ...]]) -> None:
    f, x = call
    results = f(*x)
    for y in results if isinstance(results, tuple) else (results,):
        assert np.isfinite(y.asnumpy()).all()


@FEW
@given(s.scalar_functions())
def test_scalar_functions_have_a_gradient(f: s.Composition) -> None:
    (spec,) = f.inputs
    assert dt.grad(f)(dt.Tensor(np.full(spec.shape, 0.5))).shape == spec.shape


@given(
    s.programs([(), (3,)], 6, primitives=[CATALOGUE[name] for name in ("logical_not", "all")]).flatmap(
        lambda f: st.tuples(st.just(f), s.points(f))
    )
)
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_bools_that_are_drawn_again_have_the_shape_that_is_asked_for(call: tuple[s.Composition, Any]) -> None:
    """A 0-d bool was given to `all` along an axis: it is stretched only where operands broadcast."""
    f, x = call
    f(*x)


def test_program_prints_as_python() -> None:
    drawn = find(s.programs([(2,)], max_steps=1), lambda f: f.primitives == ("exp",))
    assert repr(drawn).splitlines() == [
        "import numpy as np",
        "import dualtape as dt",
        "from dualtape import ops",
        "",
        "def f(x0):",
        "    v0 = ops.exp(x0)",
        "    return v0",
    ]


WRONG = """
import numpy as np
from dualtape import ops
from dualtape.core.expression import call, x
from dualtape.primitives.declaring import elementwise

elementwise(
    "wrong_sine",
    numpy=np.sin,
    opencl=call("dt_sin", x),
    partials=(lambda x, y: {partial},),
    domain=((-3.0, 3.0),),
)
"""


@pytest.mark.parametrize("partial", ["-ops.cos(x)", "ops.cos(x)"], ids=["wrong", "right"])
def test_primitive_with_a_wrong_partial_fails_the_suite(partial: str, tmp_path: Path) -> None:
    """It is declared, and no test knows of it."""
    (tmp_path / "declaration.py").write_text(WRONG.format(partial=partial))
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    options = ["-p", "declaration", "-n", "0", "-q", "-p", "no:cacheprovider", "-k", "wrong_sine", "-x"]
    options += [] if opencl_devices() else ["--host-only"]
    for files in ("tests/primitives/test_catalogue.py", "property_tests/test_primitives.py"):
        command = [sys.executable, "-c", code, *options, files, "--hypothesis-profile=ci"]
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert (found.returncode == 1) == (partial == "-ops.cos(x)"), found.stdout[-2000:]
        assert "passed" in found.stdout or "got" in found.stdout
