"""Build the site strictly, and look at all of it: nothing is fetched from elsewhere; in a browser nothing is broken.

PYTHONPATH=tests python .ci/check_site.py
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from browsing import browser, opened, walked

ROOT = Path(__file__).parents[1]
WIDTHS = (1200, 500)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        site = Path(name)
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", name]
        subprocess.run(command, check=True, cwd=ROOT)
        for page in site.rglob("*.html"):
            fetched = re.findall(r'<(?:script|img|link)\b[^>]*\b(?:src|href)="?(https?://[^" >]+)', page.read_text())
            if elsewhere := [x for x in fetched if not x.startswith("https://github.com/dualtape/")]:
                sys.exit(f"{page.relative_to(site)} fetches {elsewhere[0]}")
        if browser() is None:
            print("NO BROWSER: the site was built, and not looked at; `apt install chromium`")
            return
        for page, width, wrong in walked(site, WIDTHS):
            sys.exit(f"{page} in a window of {width}: {wrong}")
        # Scripts alone: search is a worker, which a browser starts on a server only.
        if wrong := [error for error in opened(site / "index.html", WIDTHS[0]).wrong if "Worker" not in error]:
            sys.exit(f"the first page: {wrong}")


if __name__ == "__main__":
    main()
