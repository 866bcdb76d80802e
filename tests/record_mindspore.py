"""Record what MindSpore does: fills ``mindspore/`` anew.

Run it in a virtual environment of its own, made with ``pip install 'numpy<2' mindspore==2.10.0``
(with NumPy 2, ordinary operations of MindSpore fail at random)::

    python tests/record_mindspore.py

The programs in ``mindspore/*.md`` are written by hand; only the texts they print are replaced.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import mindspore
import recorded_dtypes
from recorded_programs import rewrite_outputs

RECORDS = Path(__file__).resolve().parent / "mindspore"


def main() -> None:
    """Write the table of dtypes and the output of every program."""
    mindspore.runtime.launch_blocking()  # errors are raised where they happen, not later
    recorded_dtypes.write(mindspore, RECORDS / "dtypes.json")
    # Its compiler leaves files in the working directory.
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        for path in sorted(RECORDS.glob("*.md")):
            rewrite_outputs(path, library="mindspore")


if __name__ == "__main__":
    main()
