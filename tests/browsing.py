"""Pages in a headless browser: what went wrong in them, and how large their pictures are."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# Put into a copy of a page, it writes what it has seen into the title.
WATCH = """<head><script>
const wrong = [];
addEventListener("error", e => wrong.push(e.message || "not loaded: " + (e.target.src || e.target.href)), true);
addEventListener("unhandledrejection", e => wrong.push(String(e.reason)));
addEventListener("load", () => setTimeout(() => {
  const pictures = [...document.images].map(x => x.naturalWidth);
  const wide = document.documentElement.scrollWidth > innerWidth + 1;
  document.title = "SEEN" + JSON.stringify({wrong, pictures, wide}) + "NEES";
}));
</script>"""


class Seen(NamedTuple):
    """Errors of the page, the widths of its pictures, and whether it is wider than the window."""

    wrong: list[str]
    pictures: list[int]
    wide: bool


def browser() -> str | None:
    """The path of a browser, if there is one."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def opened(page: Path, width: int) -> Seen:
    """Open a page in a window of some width."""
    copy = page.with_name(f"watched-{width}.html")
    copy.write_text(page.read_text(encoding="utf-8").replace("<head>", WATCH, 1), encoding="utf-8")
    command = [browser() or "", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom"]
    command += ["--virtual-time-budget=5000", f"--window-size={width},900", copy.as_uri()]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    finally:
        copy.unlink()
    found = re.search(r"<title>SEEN(.*?)NEES<", shown, re.S)
    assert found is not None, f"{page} was not loaded to its end: {shown[:500]}"
    return Seen(**json.loads(html.unescape(found[1])))
