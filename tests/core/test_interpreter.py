"""`bind` and levels: who interprets an operation."""

from __future__ import annotations

import pytest

import dualtape as dt
from dualtape.core.composite import Composite, Values
from dualtape.core.interpreter import Level, apply, bind, entered, nesting_depth
from dualtape.core.primitive import CATALOGUE
from dualtape.core.spec import broadcast_shapes, normalize_axis
from dualtape.errors import ArgumentError, AxisError, ShapeError
from dualtape.primitives.arithmetic import add
from dualtape.primitives.declaring import elementwise


class Recorder(Level):
    """A level that writes down what it is asked, and passes it on."""

    def __init__(self, log: list[int]) -> None:
        self.log = log

    def interpret(self, primitive, inputs, params):  # type: ignore[no-untyped-def]
        self.log.append(self.depth)
        return bind(primitive, tuple(x.primal if self.owns(x) else x for x in inputs), params)


class Recorded(dt.Tensor):
    __slots__ = ("level", "primal")


def on(level: Level, primal: dt.Tensor) -> Recorded:
    value = Recorded.__new__(Recorded)
    value.level, value.primal = level, primal
    return value


def test_highest_level_interprets_first() -> None:
    log: list[int] = []
    outer, inner = Recorder(log), Recorder(log)
    with entered(outer), entered(inner):
        x = on(outer, dt.Tensor(1.0))
        y = on(inner, x)
        assert float(add(x, y)) == 2
        assert float(add(y, 1.0)) == 2
        assert float(add(x, x)) == 2
    assert log == [2, 1, 2, 1, 1]


def test_levels_are_closed_on_the_way_out() -> None:
    level = Recorder([])
    try:
        with entered(level):
            assert (nesting_depth(), level.depth, level.alive) == (1, 1, True)
            raise KeyError
    except KeyError:
        pass
    assert (nesting_depth(), level.alive) == (0, False)


def test_a_level_that_was_interrupted_on_the_way_out_is_open_no_more() -> None:
    with entered(Recorder([])) as outer:
        held = entered(Recorder([]))
        held.__enter__()
        assert nesting_depth() == 2
        del held  # and Ctrl-C before it was left
        assert nesting_depth() == 1
        with entered(Recorder([])) as inner:
            assert (outer.depth, inner.depth) == (1, 2)
    assert nesting_depth() == 0


def test_composite_of_values_on_no_level_is_run() -> None:
    class Twice(Composite):
        name = "twice"

        def run(self, inputs: Values) -> list[dt.Tensor]:
            return [add(x, x) for x in inputs]

    log: list[int] = []
    assert [float(y) for y in apply(Twice(), [dt.Tensor(1.0), dt.Parameter(3.0)])] == [2, 6]
    level = Recorder(log)
    with entered(level):
        assert float(apply(Twice(), [on(level, dt.Tensor(2.0))])[0]) == 4
        with pytest.raises(ArgumentError, match="`twice`, which has a custom derivative, uses a value"):
            level.require_below(Twice(), [on(level, dt.Tensor(1.0))])
    assert log == [1]


def test_name_can_be_declared_once() -> None:
    with pytest.raises(ValueError, match="already has a primitive `add`"):
        elementwise("add", numpy=add.numpy, opencl=add.lowering, partials=(), domain=())
    assert CATALOGUE["add"] is add


def test_broadcast_shapes_names_all_shapes() -> None:
    assert broadcast_shapes("f", (2, 1), (3,), ()) == (2, 3)
    assert broadcast_shapes("f", (0,), (1,)) == (0,)
    with pytest.raises(ShapeError, match=r"`f` got shapes \(2,\) and \(3,\).*sizes 2 and 3.*axis -1"):
        broadcast_shapes("f", (2,), (3,))
    with pytest.raises(ShapeError, match="axis -1"):
        broadcast_shapes("f", (0,), (2,))


def test_normalize_axis() -> None:
    assert [normalize_axis("f", axis, 2) for axis in (0, 1, -1, -2)] == [0, 1, 1, 0]
    for axis, rank, text in ((2, 2, "from -2 to 1"), (-3, 2, "from -2 to 1"), (0, 0, "0-d")):
        with pytest.raises(AxisError, match=text):
            normalize_axis("f", axis, rank)
