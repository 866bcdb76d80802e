"""Problems in TOML: what a file says is what is solved, and a mistake is told with its line and column."""

from __future__ import annotations

import math
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops, pinn
from dualtape.pinn.objective import Objective
from dualtape.pinn.unknowns import unknown_fields
from dualtape.pinn.written.entries import TomlFile, TomlValue
from dualtape.pinn.written.formulas import Formula, Vocabulary
from dualtape.pinn.written.places import places_in
from dualtape.pinn.written.syntax import Applied, Name, NumberTerm, Term, parse_formula

BURGERS = """\
title = "Burgers' equation"
equations = ["u_t + u * u_x = nu * u_xx"]
exact = "cole_hopf(x, t, nu)"

[constants]
nu = "0.01 / pi"

[domain]
x = [-1, 1]
t = [0, 1]

[[conditions]]
initial = "-sin(pi * x)"
hard = true

[[conditions]]
dirichlet = 0
on = ["x-", "x+"]
hard = true

[network]
width = 6
depth = 2

[solve]
steps = 3
curvature_steps = 2
points = 50
"""


def read(folder: Path, text: str, **changes: Any) -> pinn.WrittenProblem:
    path = folder / "problem.toml"
    path.write_text(text, encoding="utf-8")
    return pinn.from_toml(path, {name.replace("__", "."): value for name, value in changes.items()})


def test_the_file_is_the_problem_that_it_states(tmp_path: Path) -> None:
    """The same losses, to the last bit, as the same problem in Python."""
    written = read(tmp_path, BURGERS)
    nu = 0.01 / math.pi
    same = pinn.Problem(
        pinn.Rectangle(x=(-1, 1), t=(0, 1)),
        lambda u, p: u.t + u * u.x - nu * u.xx,
        [
            pinn.initial(lambda p: -ops.sin(math.pi * p.x), hard=True),
            pinn.dirichlet(0.0, on=("x-", "x+"), hard=True),
        ],
    )
    network = dt.nn.MLP(2, 1, width=6, depth=2, dtype=dt.float64, seed=0)
    optimizer = pinn.default_schedule(100, 3, 2)
    expected = pinn.solve(same, network, optimizer=optimizer, points=50, progress=False)
    found = written.solve(progress=False)
    np.testing.assert_array_equal(found.history.total, expected.history.total)
    assert found.error() == expected.error(pinn.burgers_exact)


def value_of(text: str, **names: float) -> float:
    """A formula of numbers, by the rules of the file."""
    return Formula(TomlValue(TomlFile("here", "", {}), text), Vocabulary(constants=names)).number()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 - 3 - 4", -5),
        ("8 / 4 / 2", 1),
        ("-2 ^ 2", -4),
        ("2 ** -1", 0.5),
        ("2 ^ 3 ^ 2", 512),
        ("--3", 3),
        ("2 * -a", -6),
        ("+a", 3),
        (".5e1 + 1.", 6),
        ("where(a < 2, 1, max(a, 10))", 10),
        ("sin(pi / 2) + log(e)", 2),
        ("atan(1) * 4 - pi", 0),
    ],
)
def test_formulas_of_numbers(text: str, expected: float) -> None:
    assert value_of(text, a=3.0) == pytest.approx(expected, abs=1e-15)


def as_python(node: Term) -> str:
    if isinstance(node, NumberTerm):
        return repr(node.value)
    if isinstance(node, Name):
        return node.name
    assert isinstance(node, Applied)
    inner = [as_python(x) for x in node.operands]
    sign = {"^": "**"}.get(node.name, node.name)
    return f"({sign}{inner[0]})" if len(inner) == 1 else f"({inner[0]} {sign} {inner[1]})"


def test_precedence_is_pythons() -> None:
    random = np.random.default_rng(0)
    names = {"a": 1.3, "b": 0.7, "c": -2.5}
    operands = ["a", "b", "-c", "3.0", "a ** 2.0", "-b ** 2.0"]
    for _ in range(300):
        parts, operands = (
            [random.choice(["a", "b", "c", "-a", "2.0"])],
            ["a", "b", "-c", "3.0", "a ** 2.0", "-b ** 2.0"],
        )
        for _ in range(random.integers(1, 6)):
            parts += [
                random.choice(["+", "-", "*", "/"]),
                random.choice(operands),
            ]
        text = " ".join(parts)
        assert value_of(text, **names) == pytest.approx(eval(text, {}, names), rel=1e-12), text
        assert eval(as_python(parse_formula(text)), {}, names) == pytest.approx(eval(text, {}, names), rel=1e-12)


# What stands in the file, and in its place, with a mark where the mistake is; and what is said.
MISTAKES = [
    ("u * u_x", "u * §v_x", "`v_x` is not known; there are"),
    ("u_xx", "§u_xz", "`u_xz` is no derivative: the coordinates are x, t, so write for example u_xx"),
    ("u * u_x", "u §u_x", "expected an operator before `u_x`; a product is written with `*`"),
    ("u * u_x", "u * §(u_x", "the `(` is not closed"),
    ("u * u_x =", "u * §=", "expected a number, a name or `(`, got `=`"),
    ("nu * u_xx", "nu * u_xx §= 0", "a second `=`; an equation has one"),
    ("= nu", "§== nu", "`==` compares; an equation has one `=`"),
    ("nu * u_xx", "nu * §sine(u)", "there is no function `sine`; did you mean `sin`?"),
    ("nu * u_xx", "nu * §sin", "`sin` is a function: write sin(...)"),
    ("nu * u_xx", "§sin(u, x)", "`sin` takes 1 operands, got 2"),
    ("nu * u_xx", "§where(u, 1, 2)", "must be a comparison"),
    ("nu * u_xx", "1 + (u §< 2)", "`<` compares, and stands only in the first operand of where"),
    ("nu * u_xx", "§d(u, nu)", "`d` is of an expression by coordinates"),
    ("nu * u_xx", "nu §$ u", "`$` has no meaning"),
    ("nu * u_xx", "§u_n", "`u_n` is no derivative"),
    ('"u_t + u * u_x = nu * u_xx"', '"§x = 1"', "there is no unknown in 'x = 1'; the unknowns are u"),
    ('"0.01 / pi"', '"0.01 §/ 0"', "division by zero in '0.01 / 0'"),
    ('"0.01 / pi"', '"(-8) §^ 0.5"', "the power of a negative number is not real"),
    ('"0.01 / pi"', '"10 §^ 999"', "out of range"),
    ('"0.01 / pi"', "§true", "`constants.nu` must be a text in quotes or a number, got True"),
    ('nu = "0.01', 'u = "§0.01', "`u` cannot be a name here: it has a meaning already"),
    ("x = [-1, 1]", "x = §[1, -1]", "must be finite with lower < upper"),
    ("x = [-1, 1]", "x = §1", "the range of `x` must be a pair, as in x = [0, 1], got 1"),
    ("x = [-1, 1]", 'shape = "§dsk"', "'dsk' is not known here; did you mean `disk`?"),
    ("[domain]\nx = [-1, 1]", '§[domain]\nshape = "disk"', "`domain` lacks `center`"),
    ("-sin(pi * x)", "-sin(pi * §u)", "`u` is not known"),
    ("[[conditions]]\ninitial =", "§[[conditions]]\ninital =", "a condition is one of initial, dirichlet"),
    (
        BURGERS[BURGERS.index("[[conditions]]\ninitial") : BURGERS.index("[network]")],
        "§[conditions]\ninitial = 0\n",
        "under [[conditions]], with two brackets",
    ),
    ("hard = true\n\n[[", "§hrad = true\n\n[[", "`hrad` is not known here; did you mean `hard`?"),
    ("hard = true\n\n[[", "hard = §1\n\n[[", "must be true or false, got 1"),
    ('["x-", "x+"]', '["x-", "§y+"]', "'y+' is not known here"),
    ('[[conditions]]\ndirichlet = 0\non = ["x-", "x+"]', "§[[conditions]]\ndirichlet = 0", "`conditions.2` lacks `on`"),
    ("width = 6", "width = §0", "`network.width` must be 1 or more, got 0"),
    ("width = 6", "width = §6.5", "`network.width` must be a whole number, got 6.5"),
    ("depth = 2", 'activation = "§tank"', "did you mean `tanh`?"),
    ("points = 50", 'sampler = "§sobel"', "did you mean `sobol`?"),
    ("points = 50", "seconds = §-1.0", "must be positive and finite, got -1.0"),
    ("[solve]", "§[slove]", "`slove` is not known here; did you mean `solve`?"),
    ("nu * u_xx", "§1e999 * u_xx", "`1e999` is more than the largest number"),
    ("cole_hopf(x, t, nu)", "§cole_hopf(x, t)", "`cole_hopf` takes 3 operands, got 2"),
]  # fmt: skip


@pytest.mark.parametrize(("there", "instead", "message"), MISTAKES)
def test_a_mistake_is_told_with_its_place(there: str, instead: str, message: str, tmp_path: Path) -> None:
    assert there in BURGERS
    before = BURGERS.replace(there, instead, 1).partition("§")[0]
    with pytest.raises(pinn.ProblemFileError, match=re.escape(message)) as failure:
        read(tmp_path, BURGERS.replace(there, instead.replace("§", ""), 1))
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    assert f"problem.toml, line {line}, column {column}: " in str(failure.value)


def test_what_is_no_toml_or_no_text_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(pinn.ProblemFileError, match=r"is no TOML: .*line 2"):
        read(tmp_path, "equations = []\nu = = 3")
    (tmp_path / "marked.toml").write_bytes(BURGERS.encode("utf-8-sig"))
    assert pinn.from_toml(tmp_path / "marked.toml").title == "Burgers' equation"
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    for name in ("binary.toml", "missing.toml", ""):
        with pytest.raises(pinn.ProblemFileError, match="cannot be read"):
            pinn.from_toml(tmp_path / name)


def test_an_initial_value_needs_a_time(tmp_path: Path) -> None:
    """It was accepted, and failed in the training."""
    text = BURGERS.replace("u_t + u", "u").replace("t = [0, 1]\n", "").replace("cole_hopf(x, t, nu)", "x")
    with pytest.raises(pinn.ProblemFileError, match="line 12, column 1: an initial value needs a time"):
        read(tmp_path, text)


def test_deep_nesting_is_an_error_and_no_crash(tmp_path: Path) -> None:
    for opened in ("(", "-", "sin("):
        with pytest.raises(pinn.ProblemFileError, match="more than 100 parts"):
            read(tmp_path, BURGERS.replace("u_xx", opened * 150 + "u_xx", 1))
    with pytest.raises(pinn.ProblemFileError, match="more than 500 numbers"):
        read(tmp_path, BURGERS.replace("u_xx", "u_xx" + " + u" * 5000, 1))
    assert value_of(" + ".join(["1"] * 250)) == 250


def test_values_are_set_from_outside(tmp_path: Path) -> None:
    changed = read(tmp_path, BURGERS, network__width=9, constants__nu=0.5, solve__seed=3)
    assert 9 in changed.network.trainable_params()[0].shape
    assert changed.options["seed"] == 3
    with pytest.raises(pinn.ProblemFileError, match=r"network.width as it was set: .* must be a whole number"):
        read(tmp_path, BURGERS, network__width="wide")
    with pytest.raises(pinn.ProblemFileError, match="`wdth` is not known here; did you mean `width`"):
        read(tmp_path, BURGERS, network__wdth=3)
    with pytest.raises(pinn.ProblemFileError, match=r"no table for 'title.text'"):
        read(tmp_path, BURGERS, title__text="x")


PLATE = """
unknowns = ["u", "k"]
equations = ["d(k * u_x, x) + d(k * u_y, y) + laplacian(u) + u(x, 0) = f", "k = 1 + x^2"]
[domain]
shape = "box"
x = [0, 1]
y = [0, 1]
t = [0, 1]
without = [{ shape = "disk", center = [0.5, 0.5], radius = "1 / 4", name = "hole" }]
[parameters]
f = 2.0
[[conditions]]
neumann = "n_x * x + n_y"
of = "u"
on = "hole"
[[conditions]]
equation = "u_n = u^4"
on = ["x-", "x+"]
[[conditions]]
robin = [1, "2 * pi", "y"]
of = "u"
on = "y+"
[[conditions]]
periodic = "x"
[[conditions]]
equation = "k - 1"
at = [[0.0, 0.0, 0.0]]
[[conditions]]
observations = "seen.csv"
of = "u"
[solve]
seconds = 5.0
"""


def losses_of(problem: pinn.Problem) -> np.ndarray:
    """Term by term, of a network as it is made."""
    network = dt.nn.MLP(problem.domain.dimension, len(problem.unknowns), width=5, depth=1, dtype=dt.float64, seed=0)
    arrays = [{"points": problem.domain.points_inside(8)}]
    arrays += [condition.sample(problem.domain, "sobol", (0,)) for condition in problem.conditions]
    with dt.device("host"):
        batches = [{name: dt.Tensor(array) for name, array in each.items()} for each in arrays]
        field = unknown_fields(problem, network, network.trainable_params()[0], scaled=True)
        return Objective(problem, field, batches)(batches)[1].asnumpy()


def test_a_file_with_everything(tmp_path: Path) -> None:
    (tmp_path / "seen.csv").write_text("x, y, t, u\n0.1, 0.1, 0.5, 1.0\n0.9, 0.1, 0.5, 2.0\n", encoding="utf-8")
    written = read(tmp_path, PLATE.replace("u(x, 0)", "u(x, 0, t)"))
    assert written.problem.domain.time == "t"
    assert "hole" in written.problem.domain.parts
    assert [*written.parameters] == ["f"]
    names = [condition.name for condition in written.problem.conditions]
    assert names == ["neumann hole", "u_n = u^4", "robin y+", "periodic x", "k - 1", "observations"]
    f = dt.Parameter(dt.Tensor([2.0], dt.float64))
    same = pinn.Problem(
        (pinn.Rectangle(x=(0, 1), y=(0, 1)) - pinn.Disk((0.5, 0.5), 0.25).named("hole")) * pinn.Interval(t=(0, 1)),
        lambda u, k, p: (
            (k * u.x).d("x") + (k * u.y).d("y") + u.xx + u.yy + u.at(p.x, 0 * p.x, p.t) - f,
            k - 1 - p.x**2,
        ),
        [
            pinn.neumann(lambda p: p.normal_along("x") * p.x + p.normal_along("y"), of="u", on="hole"),
            pinn.boundary(lambda u, k, p: u.normal - u**4, on=("x-", "x+")),
            pinn.robin(1.0, 2 * math.pi, lambda p: p.y, of="u", on="y+"),
            pinn.periodic("x"),
            pinn.at((0, 0, 0), lambda u, k, p: k - 1),
            pinn.observations([[0.1, 0.1, 0.5], [0.9, 0.1, 0.5]], [1.0, 2.0], of="u"),
        ],
    )
    np.testing.assert_allclose(losses_of(written.problem), losses_of(same), rtol=1e-12)
    with pytest.raises(pinn.ProblemFileError, match=r"line 3.*`u` takes 3 operands, got 2"):
        read(tmp_path, PLATE)
    (tmp_path / "seen.csv").write_text("x, y, u\n1,2,3\n", encoding="utf-8")
    with pytest.raises(pinn.ProblemFileError, match=r"line 29, .*'t' lacks"):
        read(tmp_path, PLATE.replace("u(x, 0)", "u(x, 0, t)"))


TRICKY = (
    '''
a = """
x # no comment
"""
b = 'it''s' # a comment with "quotes" and [brackets]
'''.replace("''s'", "s'")
    + """
"quoted key" = [ # first
  "one", # second
  { c = 1, d = [2, 3] },
]
x.y.z = 1979-05-27 07:32:00
[[list]]
e = 1
[list.sub]
f = 2
[[list]]
e = 3
"""
)


def test_places_are_those_of_the_text() -> None:
    places, lines = places_in(TRICKY), TRICKY.splitlines()
    tomllib.loads(TRICKY)

    def at(*keys: str | int) -> str:
        place = places[keys]
        return lines[place.line - 1][place.column - 1 :]

    assert at("a") == "x # no comment"
    assert at("b").startswith("its")
    assert at("quoted key", 0).startswith("one")
    assert at("quoted key", 1, "d", 1) == "3] },"
    assert at("x", "y", "z").startswith("1979")
    assert at("list", 0, "e") == "1"
    assert at("list", 0, "sub", "f") == "2"
    assert at("list", 1, "e") == "3"
    assert places["list", 1].line == lines.index("[[list]]", lines.index("[list.sub]")) + 1
