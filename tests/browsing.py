"""Pages in a headless browser: what went wrong in them, how large pictures are, and what is wider than its room."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

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


# A page that opens all pages of a site in frames of several widths, and writes what it has seen into its title.
WALK = """<!doctype html><body><script>
const seen = [];
const look = (page, width) => new Promise(done => {
  const frame = document.createElement("iframe");
  Object.assign(frame, {width, height: 900, src: page});
  frame.onload = () => setTimeout(() => {
    const doc = frame.contentDocument, room = doc.querySelector(".md-content");
    const right = e => e.getBoundingClientRect().right;
    const clipped = e => e !== room && (getComputedStyle(e).overflowX !== "visible" || clipped(e.parentElement));
    const wide = [...room.querySelectorAll("*")].filter(e => right(e) > right(room) + 2 && !clipped(e));
    const lost = [...doc.images].filter(e => e.complete && !e.naturalWidth).map(e => "no picture: " + e.src);
    if (doc.documentElement.scrollWidth > width) lost.push("the page is wider than its window");
    seen.push(...lost.concat(wide.map(e => "too wide: " + e.textContent.slice(0, 80))).map(x => [page, width, x]));
    frame.remove();
    done();
  }, 100);
  document.body.append(frame);
});
(async () => {
  for (const width of WIDTHS) for (const page of PAGES) await look(page, width);
  document.title = "SEEN" + JSON.stringify(seen) + "NEES";
})();
</script>"""
_BROWSE = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom")


def walked(site: Path, widths: Sequence[int]) -> list[tuple[str, int, str]]:
    """What is wrong with any page of a site, in windows of some widths, all opened by one browser."""
    pages = sorted(path.relative_to(site).as_posix() for path in site.rglob("index.html"))
    start = site / "walk.html"
    start.write_text(WALK.replace("WIDTHS", json.dumps(widths)).replace("PAGES", json.dumps(pages)), encoding="utf-8")
    try:
        # Frames of files may be looked into; a minute of the page's own time for a hundred frames.
        return [tuple(found) for found in _seen(start, "--disable-web-security", "--virtual-time-budget=600000")]
    finally:
        start.unlink()


def opened(page: Path, width: int) -> Seen:
    """Open a page in a window of some width."""
    copy = page.with_name(f"watched-{width}.html")
    copy.write_text(page.read_text(encoding="utf-8").replace("<head>", WATCH, 1), encoding="utf-8")
    try:
        return Seen(**_seen(copy, "--virtual-time-budget=5000", f"--window-size={width},900"))
    finally:
        copy.unlink()


def _seen(page: Path, *options: str) -> Any:
    """What a page has written into its title."""
    with tempfile.TemporaryDirectory() as profile:
        command = [browser() or "", *_BROWSE, f"--user-data-dir={profile}", *options, page.as_uri()]
        shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    found = re.search(r"<title>SEEN(.*?)NEES<", shown, re.S)
    assert found is not None, f"{page} was not loaded to its end: {shown[:500]}"
    return json.loads(html.unescape(found[1]))
