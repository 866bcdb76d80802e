"""``PYTHONPATH=tests python -m faults``: inject faults of every kind, and print what became of them."""

from __future__ import annotations

import argparse
import faulthandler
import sys
import time

from faults.registry import Counts, injections
from faults.table import rows, write


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    parser.add_argument("--only", default="", help="only kinds whose name contains this text")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="this share of each number; a whole one goes into docs/reliability.md"
    )
    options = parser.parse_args()
    faulthandler.enable()
    found: dict[str, Counts] = {}
    for kind, what in sorted(injections().items()):
        if options.only in kind:
            began = time.monotonic()
            found[kind] = what.inject(max(1, round(what.full * options.scale)))
            print(f"{kind}: {found[kind]} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(rows(found), end="")
    if options.scale >= 1:
        write(found)
    return 1 if any(x.silent or x.lost for x in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
