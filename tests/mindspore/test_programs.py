"""Programs that nobody edited print under the runner what MindSpore printed (``programs/``)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mindspore.compare_programs import difference, recorded

TESTS = str(Path(__file__).parents[1])


def run(program: str, tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "program.py"
    file.write_text(program, encoding="utf-8")
    command = [sys.executable, *(options or ("-m", "dualtape.mindspore")), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)


def test_all_programs_and_tutorials_print_what_mindspore_prints() -> None:
    """The sixteen in the style of its pages, those beside them, and the five tutorials."""
    script = Path(__file__).parent / "compare_programs.py"
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": TESTS},
    )
    lines = done.stdout.splitlines()
    assert done.returncode == 0, "\n".join(line for line in lines if not line.endswith(": same")) + done.stderr
    assert len(lines) == len(recorded()) >= 80
    assert sum(line.startswith("pages: p") for line in lines) == 16


def test_the_comparison_tells_texts_apart() -> None:
    assert not difference("[[0.05194661 1.]]", "[[0.05194623 1.]]")
    for wrong in ("[[0.0520 1.]]", "[[0.05194623 1.], 2]", "[(0.05194623 1.)]"):
        assert difference(wrong, "[[0.05194623 1.]]")


def test_the_command_line_runs_a_program_with_its_arguments(tmp_path: Path) -> None:
    for library, command in (
        ("mindspore", ["-m", "dualtape.mindspore"]),
        ("luojianet_ms", ["-m", "dualtape", "mindspore"]),
    ):
        program = (
            f"import sys, {library}\nfrom {library} import nn\nprint({library}.__name__, sys.argv[1:], __name__)\n"
        )
        file = tmp_path / "program.py"
        file.write_text(program, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, *command, str(file), "--steps", "3"], capture_output=True, text=True, check=True
        )
        assert done.stdout == "dualtape.mindspore ['--steps', '3'] __main__\n"


ABSENT = {
    "import mindspore; mindspore.ops.AllReduce()": "`mindspore.ops.AllReduce` is not in dualtape: distributed",
    "import mindspore.dataset.vision": "`mindspore.dataset.vision` is not in dualtape: datasets of images",
    "import mindspore; mindspore.nn.Whatever()": "`mindspore.nn.Whatever` is not in dualtape: see docs/mindspore.md",
    "from mindspore import export": "`mindspore.export` is not in dualtape: MindIR",
}


def test_a_name_that_is_not_there_is_an_error_that_says_what_to_use(tmp_path: Path) -> None:
    tries = [f"try:\n    {line}\nexcept (ImportError, AttributeError) as error:\n    print(error)" for line in ABSENT]
    done = run("\n".join([*tries, "from mindspore.nn import Conv2d"]), tmp_path)
    assert done.returncode == 1
    assert "`mindspore.nn.Conv2d` is not in dualtape: convolution, pooling" in done.stderr
    for line, said in zip(done.stdout.splitlines(), ABSENT.values(), strict=True):
        assert said in line or line.startswith("cannot import name 'export'")


def test_absent_names_do_not_count_as_present() -> None:
    import dualtape.mindspore as ms

    assert not hasattr(ms.nn, "Conv2d")
    with pytest.raises(AttributeError, match="convolution"):
        _ = ms.nn.Conv2d


def test_the_alias_is_of_one_process_and_needs_the_room_to_come_first(tmp_path: Path) -> None:
    done = run("import mindspore", tmp_path, "-c", "import dualtape.mindspore, sys; print('mindspore' in sys.modules)")
    assert done.stdout == "False\n"
