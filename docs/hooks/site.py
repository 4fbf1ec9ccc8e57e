"""What lies outside of ``docs/`` and belongs into the site: the model's card, changes, attribution."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
ADDED = {
    "geoseg/models/weights/default.md": "model-card.md",
    "CHANGELOG.md": "changes.md",
    "examples/ATTRIBUTION.md": "attribution.md",
}
"""Pages of the repository, and what they are called here."""
LINK = re.compile(r"\[([^\]]*)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")
"""Text, where to, which heading there."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie elsewhere."""
    for source, name in ADDED.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=_from(text, source)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Lead links to pages that lie elsewhere to where they are here."""
    folder = posixpath.dirname(page.file.src_uri)

    def here(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join("docs", folder, match[2]))
        if target not in ADDED:
            return match[0]
        return f"[{match[1]}]({posixpath.relpath(ADDED[target], folder or '.')}{match[3] or ''})"

    return LINK.sub(here, markdown)


def _from(text: str, source: str) -> str:
    """The text with its links as seen from the top of the site."""
    folder = posixpath.dirname(source)

    def here(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, match[2]))
        if target in ADDED:
            return f"[{match[1]}]({ADDED[target]}{match[3] or ''})"
        if target.startswith("docs/"):
            return f"[{match[1]}]({target.removeprefix('docs/')}{match[3] or ''})"
        return f"{match[1]} (`{target}` in the repository)"

    return LINK.sub(here, text)
