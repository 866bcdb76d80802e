"""Runge-Kutta methods as their tables of coefficients (Butcher 1964)."""

from __future__ import annotations

from typing import NamedTuple

TableauRow = tuple[float, ...]


class Tableau(NamedTuple):
    """Stage i is the right-hand side at ``t + times[i] h`` and at y plus h times the ``stages[i]`` of those before it.

    ``weights`` are those of the stages in a step. An embedded pair has ``error``, the difference of its two sets of
    weights, and ``dense``: the weights of what the solution inside of a step has beside the cubic polynomial by values
    and slopes at both ends.
    """

    times: TableauRow
    stages: tuple[TableauRow, ...]
    weights: TableauRow
    error: TableauRow = ()
    dense: TableauRow = ()


EULER = Tableau((0,), ((),), (1,))
MIDPOINT = Tableau((0, 1 / 2), ((), (1 / 2,)), (0, 1))
RK4 = Tableau((0, 1 / 2, 1 / 2, 1), ((), (1 / 2,), (0, 1 / 2), (0, 0, 1)), (1 / 6, 1 / 3, 1 / 3, 1 / 6))

# The pair of orders 5 and 4 of Dormand & Prince 1980, *A family of embedded Runge-Kutta formulae*, whose last stage is
# the first one of the next step; inside of steps the polynomial of order 4 of Shampine 1986, *Some practical
# Runge-Kutta formulas*, with the weights of Hairer, Norsett & Wanner, II.6, which SciPy's RK45 has, too.
DORMAND_PRINCE = Tableau(
    times=(0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1),
    stages=(
        (),
        (1 / 5,),
        (3 / 40, 9 / 40),
        (44 / 45, -56 / 15, 32 / 9),
        (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
        (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
        (35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
    ),
    weights=(35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84, 0),
    error=(-71 / 57600, 0, 71 / 16695, -71 / 1920, 17253 / 339200, -22 / 525, 1 / 40),
    dense=(
        -12715105075 / 11282082432,
        0,
        87487479700 / 32700410799,
        -10690763975 / 1880347072,
        701980252875 / 199316789632,
        -1453857185 / 822651844,
        69997945 / 29380423,
    ),
)
