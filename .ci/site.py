"""Links that lead out of docs/, to files of the repository, lead to them on the web when the pages are a site."""

from __future__ import annotations

import re
from typing import Any

_OUT = re.compile(r"\]\(\.\./(?!\.\.)([^)\s#]+)(#[^)\s]*)?\)")
_TO_PAGES = re.compile(r"\]\(\.\./docs/([^)\s]+)\)")


def on_page_markdown(markdown: str, config: Any, **_: Any) -> str:
    """Called by mkdocs for each page; pages of the reference, a folder deeper, link to no file outside."""
    inside = _TO_PAGES.sub(r"](\1)", markdown)
    return _OUT.sub(rf"]({config['repo_url']}/blob/main/\1\2)", inside)
