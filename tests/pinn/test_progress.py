"""The live bar on a terminal."""

from __future__ import annotations

import io
import sys
import threading
from typing import Any

import numpy as np
import pytest

from dualtape.pinn.progress import make_progress


class Terminal(io.StringIO):
    """What is written to a terminal."""

    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Terminal:
    """In the place of stderr, of 160 columns and with colours unless the environment says otherwise."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm-256color", "COLUMNS": "160", **environment}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", shown := Terminal())
    return shown


def one_step(shown: Any, stage: str = "Adam", names: tuple[str, ...] = ("equation",)) -> None:
    shown.begin(stage, 1)
    shown.step(1, names, np.full(len(names), 0.5))


def test_names_with_brackets_are_shown_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """They were read as colours, and `[/b]` ended the training."""
    written = terminal(monkeypatch)
    with make_progress(None) as shown:
        one_step(shown, names=("u[t]", "a[/b]"))
    assert "u[t] 5.0e-01, a[/b] 5.0e-01" in written.getvalue()


def test_a_terminal_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    written = terminal(monkeypatch, NO_COLOR="1")
    with make_progress(None) as shown:
        one_step(shown)
    assert "\x1b[36m" not in written.getvalue()
    assert "1/1" in written.getvalue()


@pytest.mark.parametrize("columns", ["20", "40", "60"])
def test_a_narrow_terminal_shows_stage_and_loss(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stage and the steps were cut, and times left over."""
    written = terminal(monkeypatch, COLUMNS=columns)
    with make_progress(None) as shown:
        one_step(shown, names=("equation", "a condition with a long name"))
    assert "Adam 1/1 1.00e+00" in " ".join(written.getvalue().replace("loss", " ").split())


def test_a_second_training_shows_lines_beside_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bars drew over each other."""

    def second() -> None:
        with make_progress(None) as shown:
            one_step(shown, "second")

    written = terminal(monkeypatch)
    with make_progress(None) as bar:
        one_step(bar)
        beside = threading.Thread(target=second)
        beside.start()
        beside.join()
    assert "second 1/1  loss 5.00e-01" in written.getvalue()
    after = terminal(monkeypatch)
    with make_progress(None) as bar:
        one_step(bar)
    assert "\x1b[?25h" in after.getvalue()  # a bar again, which shows the cursor at its end
