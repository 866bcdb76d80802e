"""Rules of the house that import-linter does not know."""

from __future__ import annotations

import ast
import importlib.metadata
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import dualtape

PACKAGE = Path(dualtape.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
TESTS = Path(__file__).parent


def shown(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def files_of(room: str) -> list[Path]:
    return [path for path in FILES if path.is_relative_to(PACKAGE / room)]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


each_file = pytest.mark.parametrize("path", FILES, ids=shown)


def imported(path: Path) -> set[str]:
    """Top-level names of all modules that a file imports, inside functions too."""
    names = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("path", [*files_of("pinn"), *files_of("mindspore")], ids=shown)
def test_pinn_and_mindspore_are_written_as_a_users_program_would_be(path: Path) -> None:
    """They import the public face, and borrow nothing from a tensor that the engine keeps there for itself."""
    room = f"dualtape.{path.relative_to(PACKAGE).parts[0]}"
    # Public modules; what stands in others is imported from `dualtape`.
    public = {"dualtape", "dualtape.errors", room}
    if room == "dualtape.mindspore":
        public |= {f"dualtape.{name}" for name in ("amp", "initializer", "nn", "ops", "optim", "random")}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("dualtape"):
            assert node.module in public or node.module.startswith(f"{room}."), node.module
            assert not any(alias.name.startswith("_") for alias in node.names)
        elif isinstance(node, ast.Attribute):
            is_own = node.attr.endswith("_") and not node.attr.startswith("__") and not hasattr(dualtape, node.attr)
            assert not is_own, f".{node.attr} in line {node.lineno}"
            assert node.attr not in ("ground", "level"), f".{node.attr} in line {node.lineno}"


@each_file
def test_file_holds_one_idea(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 400, f"{lines} lines: beyond 400, a file holds two ideas"


@pytest.mark.parametrize("path", sorted({*FILES} - {*files_of("devices/opencl")}), ids=shown)
def test_only_opencl_devices_import_pyopencl(path: Path) -> None:
    assert "pyopencl" not in imported(path)


@each_file
def test_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(tree_of(path))


def test_engine_stays_small_enough_to_read() -> None:
    """The mechanism: core, without what it says to devices and to tests, and the two differentiators."""
    names = ("tape.py", "jet.py", "algebra.py", "chain.py", "scaled.py")
    differentiators = (PACKAGE / "autodiff" / "levels" / name for name in names)
    names_of_others = ("complex_rule", "example", "expression", "layout", "lowering", "words")
    told_to_others = {PACKAGE / "core" / f"{name}.py" for name in names_of_others}
    mechanism = [*{*(PACKAGE / "core").glob("*.py")} - told_to_others, *differentiators]
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in mechanism) <= 1230


def test_tape_and_jet_do_not_know_each_other() -> None:
    for one, other in (("tape", "jet"), ("jet", "tape")):
        source = (PACKAGE / "autodiff" / "levels" / f"{one}.py").read_text(encoding="utf-8")
        assert f"levels.{other}" not in source


@pytest.mark.parametrize("path", [*files_of("devices"), *files_of("compiler")], ids=shown)
def test_devices_and_compiler_take_no_public_face(path: Path) -> None:
    """import-linter lets pass their imports of `dualtape`, for it takes `dualtape.opencl_kernels` for the root."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module == "dualtape":
            assert {alias.name for alias in node.names} <= {"dtypes", "pytree", "opencl_kernels"}
        elif isinstance(node, ast.Import):
            assert "dualtape" not in {alias.name for alias in node.names}


# Rooms inside of rooms: who stands outside comes in by the face, `__init__`.
ROOMS = sorted(
    shown(face.parent)
    for room in ("autodiff", "compiler", "devices", "pinn")
    for face in (PACKAGE / room).rglob("__init__.py")
    if face.parent != PACKAGE / room
)


def test_the_rooms_are_those_we_know() -> None:
    of_autodiff = {f"autodiff/{room}" for room in ("fields", "levels", "rules", "solvers", "transforms")}
    of_compiler = {f"compiler/{room}" for room in ("program", "passes", "loops", "blocks")}
    of_blocks = {f"compiler/blocks/{room}" for room in ("find", "tile", "emit")}
    of_pinn = {f"pinn/{room}" for room in ("domains", "networks", "pictures", "written")}
    assert of_autodiff | of_compiler | of_blocks | of_pinn | {"devices/opencl"} == set(ROOMS)


def modules_named(node: ast.AST) -> Iterator[str]:
    """The modules that a statement imports from, ``from dualtape.room import file`` among them."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names if is_module(f"{node.module}.{alias.name}"))


def is_module(name: str) -> bool:
    path = PACKAGE.parent / name.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_entered_by_its_face(room: str) -> None:
    behind = f"dualtape.{room.replace('/', '.')}."
    for path in FILES:
        if not path.is_relative_to(PACKAGE / room):
            intruders = {name for node in ast.walk(tree_of(path)) for name in modules_named(node)}
            assert not [name for name in intruders if name.startswith(behind)], f"{shown(path)} goes past the face"


@pytest.mark.parametrize("room", ["compiler", "devices"])
def test_nobody_takes_code_apart_by_its_text(room: str) -> None:
    """Regular expressions read programs as printed, and the numbers of versions; kernels are made of data."""
    readers = {shown(path) for path in files_of(room) if "re" in imported(path)}
    assert readers <= {"compiler/program/parsing.py", "devices/opencl/discovery.py"}


def test_a_wheel_holds_every_package() -> None:
    configuration = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    there = {".".join(path.parent.relative_to(PACKAGE.parent).parts) for path in FILES if path.name == "__init__.py"}
    assert set(configuration["tool"]["setuptools"]["packages"]) == there | {"dualtape.opencl_kernels"}


def test_the_version_stands_in_one_place() -> None:
    assert importlib.metadata.version("dualtape") == dualtape.__version__


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.py")), ids=lambda path: str(path.relative_to(TESTS)))
def test_tests_import_helpers_in_one_way(path: Path) -> None:
    """By their path below `tests/`; no test imports another. The mutation tool is a program of its own."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom):
            assert not node.level or path.is_relative_to(TESTS / "mutation"), f"line {node.lineno}: a relative import"
        for name in modules_named(node):
            assert name.partition(".")[0] != "tests", f"line {node.lineno}: `{name}` without `tests.`"
            assert not name.rpartition(".")[2].startswith("test_"), f"line {node.lineno}: imports a test"


def names_at_the_top(path: Path) -> set[str]:
    """What a module defines for others: classes, functions and what is assigned."""
    names = set()
    for node in tree_of(path).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in names if not name.startswith("_")}


def test_no_name_stands_for_two_things() -> None:
    """One operation has one name as a primitive, a function, an operator class and a layer, and one optimizer as a
    stage of training, too; nothing else shares one."""
    one_thing = ({"primitives", "functions", "array_api", "ops", "nn"}, {"optim", "pinn"})
    # Commands of the command line, what Python calls a tree's leaves, NumPy's condition number, product and slopes;
    # distributions that are called as functions are, bits at random and in expressions, and what splits keys.
    same_word = {"devices", "solve", "flatten", "cond", "inner", "gradient", "gamma", "beta", "bits", "split"}
    places: dict[str, list[str]] = {}
    for path in sorted({*FILES} - {*files_of("mindspore")}):  # where the names are MindSpore's
        for name in names_at_the_top(path) if path.stem != "__init__" else ():
            places.setdefault(name, []).append(str(path.relative_to(PACKAGE)))
    shared = {name: found for name, found in places.items() if len(found) > 1}
    rooms = {name: {Path(place).parts[0] for place in found} for name, found in shared.items()}
    apart = {name for name, found in rooms.items() if not any(found <= one for one in one_thing)}
    assert apart == same_word
