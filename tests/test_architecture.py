"""Rules of the house that import-linter does not know."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import dualtape

PACKAGE = Path(dualtape.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))


def imported(path: Path) -> set[str]:
    """Top-level names of all modules that a file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("path", sorted((PACKAGE / "pinn").glob("*.py")), ids=lambda path: path.name)
def test_pinn_is_written_as_a_users_program_would_be(path: Path) -> None:
    """It imports the public face, and borrows nothing from a tensor that the engine keeps there for itself."""
    public = {"dualtape", "dualtape.errors"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("dualtape"):
            assert node.module in public or node.module.startswith("dualtape.pinn."), node.module
            assert not any(alias.name.startswith("_") for alias in node.names)
        elif isinstance(node, ast.Attribute):
            assert not node.attr.endswith("_") or node.attr.startswith("__"), f".{node.attr} in line {node.lineno}"
            assert node.attr not in ("ground", "level"), f".{node.attr} in line {node.lineno}"


@each_file
def test_file_holds_one_idea(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 400, f"{lines} lines: beyond 400, a file holds two ideas"


@each_file
def test_only_opencl_devices_import_pyopencl(path: Path) -> None:
    assert path.is_relative_to(PACKAGE / "devices" / "opencl") or "pyopencl" not in imported(path)


@each_file
def test_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_engine_stays_small_enough_to_read() -> None:
    """The mechanism: core, without what it says to devices, and the two differentiators."""
    differentiators = (
        PACKAGE / "autodiff" / "levels" / name for name in ("tape.py", "jet.py", "algebra.py", "chain.py", "scaled.py")
    )
    told_to_devices = {PACKAGE / "core" / "expression.py", PACKAGE / "core" / "lowering.py"}
    mechanism = [*{*(PACKAGE / "core").glob("*.py")} - told_to_devices, *differentiators]
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in mechanism) <= 1120


def test_tape_and_jet_do_not_know_each_other() -> None:
    for one, other in (("tape", "jet"), ("jet", "tape")):
        source = (PACKAGE / "autodiff" / "levels" / f"{one}.py").read_text(encoding="utf-8")
        assert f"levels.{other}" not in source


@each_file
def test_devices_and_compiler_take_no_public_face(path: Path) -> None:
    """import-linter lets pass their imports of `dualtape`, for it takes `dualtape.opencl_kernels` for the root."""
    if path.relative_to(PACKAGE).parts[0] not in ("devices", "compiler"):
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "dualtape":
            assert {alias.name for alias in node.names} <= {"dtypes", "pytree", "opencl_kernels"}
        elif isinstance(node, ast.Import):
            assert "dualtape" not in {alias.name for alias in node.names}
