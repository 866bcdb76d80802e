"""Programs that nobody edited print under the runner what MindSpore printed (``programs/``)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from recorded_programs import RecordedProgram, read_programs

PAGES = sorted((Path(__file__).parent / "programs").glob("*.md"))
CASES = [case for page in PAGES for case in read_programs(page)]

# A case's id -> (a line that MindSpore prints, the line that stands for it, why).
DEVIATIONS: dict[str, tuple[str, str, str]] = {
    "pages: p21": ("Float32\n", "[1. 0. 1. 0.]\n", "a tensor does not change its type in place: there is no set_dtype"),
}

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")


def run(program: str, tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "program.py"
    file.write_text(program, encoding="utf-8")
    command = [sys.executable, *(options or ("-m", "dualtape.mindspore")), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)


def assert_alike(actual: str, expected: str) -> None:
    """Equal text, with numbers equal to 2e-5 or one unit of the last printed digit: MindSpore's tanh and exp round."""
    texts = [
        " ".join(_NUMBER.sub("#", text).split()).replace(" ]", "]").replace("[ ", "[") for text in (actual, expected)
    ]
    assert texts[0] == texts[1], f"printed\n{actual}\nexpected\n{expected}"
    for one, other in zip(_NUMBER.findall(actual), _NUMBER.findall(expected), strict=True):
        digits = max(len(number.partition(".")[2]) for number in (one, other)) if "e" not in one + other else 8
        assert abs(float(one) - float(other)) <= max(2e-5 * abs(float(other)), 1.01 * 10.0**-digits), (one, other)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_program_runs_as_it_is(case: RecordedProgram, tmp_path: Path) -> None:
    expected = case.printed
    if case.id in DEVIATIONS:
        recorded, instead, _ = DEVIATIONS[case.id]
        assert recorded in expected
        expected = expected.replace(recorded, instead)
    done = run(case.program, tmp_path)
    assert done.returncode == 0, done.stderr
    assert_alike(done.stdout, expected)


def test_the_comparison_tells_texts_apart() -> None:
    assert_alike("[[0.05194661 1.]]", "[[0.05194623 1.]]")
    for wrong in ("[[0.0520 1.]]", "[[0.05194623 1.], 2]", "[(0.05194623 1.)]"):
        with pytest.raises((AssertionError, ValueError)):
            assert_alike(wrong, "[[0.05194623 1.]]")


TUTORIALS = [
    case
    for page in sorted((Path(__file__).parents[1] / "tutorials").glob("*.md"))
    for case in read_programs(page)
    if "Error" not in case.printed
]


def test_the_tutorials_run_as_they_are(tmp_path: Path) -> None:
    """All in one process each page would take; so each program is a function of one file."""
    source = ["import contextlib, io, json", "found = {}"]
    for case in TUTORIALS:
        source += [
            "with contextlib.redirect_stdout(io.StringIO()) as text:",
            f"    exec(compile({case.program!r}, {case.id!r}, 'exec'), {{'__name__': 'program'}})",
            f"found[{case.id!r}] = text.getvalue()",
        ]
    done = run("\n".join([*source, "print(json.dumps(found))"]), tmp_path)
    assert done.returncode == 0, done.stderr
    import json

    found = json.loads(done.stdout)
    for case in TUTORIALS:
        assert_alike(found[case.id], case.printed)


@pytest.mark.parametrize("library", ["mindspore", "luojianet_ms"])
def test_the_command_line_runs_a_program_with_its_arguments(library: str, tmp_path: Path) -> None:
    program = (
        f"import sys\nimport {library}\nfrom {library} import nn\nprint({library}.__name__, sys.argv[1:], __name__)\n"
    )
    file = tmp_path / "program.py"
    file.write_text(program, encoding="utf-8")
    for command in (["-m", "dualtape.mindspore"], ["-m", "dualtape", "mindspore"]):
        done = subprocess.run(
            [sys.executable, *command, str(file), "--steps", "3"], capture_output=True, text=True, check=True
        )
        assert done.stdout == "dualtape.mindspore ['--steps', '3'] __main__\n"


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("from mindspore.nn import Conv2d", "`mindspore.nn.Conv2d` is not in dualtape: convolution, pooling"),
        ("import mindspore\nmindspore.ops.AllReduce()", "`mindspore.ops.AllReduce` is not in dualtape: distributed"),
        ("import mindspore.dataset.vision", "`mindspore.dataset.vision` is not in dualtape: datasets of images"),
        ("from mindspore import export", "`mindspore.export` is not in dualtape: MindIR"),
        (
            "import mindspore\nmindspore.nn.Whatever()",
            "`mindspore.nn.Whatever` is not in dualtape: see docs/mindspore.md",
        ),
    ],
)
def test_a_name_that_is_not_there_is_an_error_that_says_what_to_use(program: str, said: str, tmp_path: Path) -> None:
    done = run(program, tmp_path)
    assert done.returncode == 1
    assert said in done.stderr


def test_absent_names_do_not_count_as_present() -> None:
    import dualtape.mindspore as ms

    assert not hasattr(ms.nn, "Conv2d")
    with pytest.raises(AttributeError, match="convolution"):
        _ = ms.nn.Conv2d


def test_the_alias_is_of_one_process_and_needs_the_room_to_come_first(tmp_path: Path) -> None:
    done = run("import mindspore", tmp_path, "-c", "import dualtape.mindspore, sys; print('mindspore' in sys.modules)")
    assert done.stdout == "False\n"


def test_importing_the_room_changes_nothing_that_tensors_had(tmp_path: Path) -> None:
    program = """
import dualtape as dt
before = {name: getattr(dt.Tensor, name) for name in dir(dt.Tensor)}
import dualtape.mindspore
changed = [name for name, one in before.items() if getattr(dt.Tensor, name) is not one and not name.startswith("__")]
print(all(hasattr(getattr(dt.Tensor, name), "__wrapped__") or name == "to" for name in changed))
"""
    assert run(program, tmp_path, "-u").stdout == "True\n"
