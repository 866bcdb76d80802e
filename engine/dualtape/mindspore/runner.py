"""Run a program that is written for MindSpore or LuoJiaNET, as it is."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Sequence

from dualtape.mindspore.absent import last_asked
from dualtape.mindspore.alias import install_alias


def run_program(path: str, arguments: Sequence[str] = ()) -> None:
    """Run the file ``path`` as ``python path arguments`` would, with this package in MindSpore's place.

    A name of MindSpore's that is not here is an ImportError or AttributeError that says what to use instead.
    """
    install_alias()
    sys.argv = [path, *arguments]
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    try:
        runpy.run_path(path, run_name="__main__")
    except ImportError as failure:
        if (failure.name or "").startswith("dualtape.mindspore") and last_asked:
            failure.add_note(last_asked[0])
        raise
