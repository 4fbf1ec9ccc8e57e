"""Texts that the code says to people: found by reading it, as gettext does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from string import Formatter

import geoseg

ROOT = Path(geoseg.__file__).parent
TEMPLATES = ("accuracy/templates", "statistics/templates", "pages/templates")
"""Folders of the templates that are said in other languages."""


@lru_cache
def keys() -> set[str]:
    """Every text with words: arguments of ``Said``, ``word`` and ``t``."""
    found = {key for path in ROOT.rglob("*.py") for key in _of_code(path)}
    for folder in TEMPLATES:
        for path in (ROOT / folder).glob("*.html"):
            found |= set(re.findall(r'\bt\("([^"]+)"\)', path.read_text(encoding="utf-8")))
    return {key for key in found if worded(key)}


def worded(text: str) -> bool:
    """Whether a text has words beside its parts, units aside."""
    plain = "".join(literal for literal, *_ in Formatter().parse(text))
    return bool(re.sub(r"\b(km²|m²)", "", plain).strip(" \u00a0<>≥-:;,.%"))


def parts(text: str) -> set[str]:
    """Names in the braces of a text."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def _of_code(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    if "Said(" not in text and "word(" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        first = node.args[0]
        if name in ("Said", "word") and isinstance(first, ast.Constant):
            yield str(first.value)
