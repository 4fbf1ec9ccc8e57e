"""What lies outside of ``docs/`` and belongs into the site, and where the site lies in public."""

from __future__ import annotations

import posixpath
from pathlib import Path
from runpy import run_path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
ADDRESSES = run_path(str(ROOT / "packaging" / "addresses.py"))
ADDED = {
    "geoseg/models/weights/default.md": "model-card.md",
    "CHANGELOG.md": "changes.md",
    "examples/ATTRIBUTION.md": "attribution.md",
}
"""Pages of the repository, and what they are called here."""
COPIED = {
    "LICENSE": "files/LICENSE.txt",
    "constraints.txt": "files/constraints.txt",
    "examples/cluster/dask_local.py": "files/dask_local.py",
    "examples/cluster/kubernetes.yaml": "files/kubernetes.yaml",
    "examples/cluster/slurm.sh": "files/slurm.sh",
}
"""Other files of the repository that pages lead to, and where they lie here."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Name the public addresses, where there are any."""
    urls = ADDRESSES["urls"]()
    config.site_url = urls.get("Documentation")
    config.repo_url = urls.get("Repository")
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and files that lie elsewhere."""
    for source, name in ADDED.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=_from(text, source)))
    for source, name in COPIED.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Lead links to pages that lie elsewhere to where they are here."""
    folder = posixpath.dirname(page.file.src_uri)

    def here(file: str, heading: str) -> str:
        inside = (ADDED | COPIED).get(file, posixpath.relpath(file, "docs"))
        return posixpath.relpath(inside, folder or ".") + heading

    return str(ADDRESSES["led"](markdown, posixpath.join("docs", folder), here))


def _from(text: str, source: str) -> str:
    """The text with its links as seen from the top of the site."""

    def here(file: str, heading: str) -> str | None:
        if file in ADDED | COPIED:
            return (ADDED | COPIED)[file] + heading
        if file.startswith("docs/"):
            return file.removeprefix("docs/") + heading
        return str(ADDRESSES["public"](file, heading) or "") or None

    return str(ADDRESSES["led"](text, posixpath.dirname(source), here))
