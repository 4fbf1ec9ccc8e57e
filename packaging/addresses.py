"""Where the project lies in public, by ``[project.urls]``; and links of its texts as readers elsewhere need them."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")
"""Whether it is a picture, text, where to, which heading there."""
VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)


def urls() -> dict[str, str]:
    """Name to address; empty as long as nothing is public."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found: dict[str, str] = tomllib.loads(text)["project"].get("urls", {})
    return found


def version() -> str:
    """That of the package, without importing it."""
    return str(VERSION.findall((ROOT / "geoseg/version.py").read_text(encoding="utf-8"))[0])


def led(text: str, folder: str, lead: Callable[[str, str], str | None]) -> str:
    """A page with other links.

    Args:
        text: Markdown.
        folder: Of the page, from the repository's root on; "" for the root.
        lead: Given a file, from the root on, and a heading or "", the new link; None where there is
            none: then the words stay and name the file.
    """

    def one(match: re.Match[str]) -> str:
        picture, words, target, heading = match.groups()
        file = posixpath.normpath(posixpath.join(folder, target))
        link = lead(file, heading or "")
        if link is None:
            return f"{words} (`{file}` in the sources)"
        return f"{picture}[{words}]({link})"

    return LINK.sub(one, text)


def public(file: str, heading: str) -> str | None:
    """The address of a file of this version in the public repository; None where there is none."""
    repository = urls().get("Repository")
    if repository is None:
        return None
    kind = "blob" if file.endswith(".md") or "." not in file else "raw"
    return f"{repository.rstrip('/')}/{kind}/v{version()}/{file}{heading}"


def readme() -> str:
    """The README as a package index shows it, where the repository's files are not beside it."""
    return led((ROOT / "README.md").read_text(encoding="utf-8"), "", public)
