"""The versions that are tested are those that `pyproject.toml` declares."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements(*extras: str) -> list[Requirement]:
    lines = [*PROJECT["dependencies"], *(x for extra in extras for x in PROJECT["optional-dependencies"][extra])]
    return [found for found in map(Requirement, lines) if found.name != PROJECT["name"]]


def pins(file: str) -> dict[str, Version]:
    lines = (ROOT / ".ci" / file).read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in pairs}


@pytest.mark.parametrize("requirement", requirements("test"), ids=lambda found: found.name)
def test_the_lowest_version_that_is_allowed_is_the_one_that_is_tested(requirement: Requirement) -> None:
    (bound,) = requirement.specifier
    assert bound.operator == ">="
    assert pins("lowest.txt")[canonicalize_name(requirement.name)] == Version(bound.version)


@pytest.mark.parametrize("requirement", requirements("test", "dev"), ids=lambda found: found.name)
def test_the_lock_holds_what_is_required(requirement: Requirement) -> None:
    assert pins("lock.txt")[canonicalize_name(requirement.name)] in requirement.specifier
