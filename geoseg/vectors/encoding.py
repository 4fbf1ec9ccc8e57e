"""In which letters a shapefile is written, where its ``.cpg`` says nothing, or something wrong."""

from __future__ import annotations

import codecs
import struct
from pathlib import Path

WESTERN = "ISO-8859-1"
"""What never fails: one byte a letter."""
MOST_BYTES = 1 << 24
"""How much of the table is looked at."""


def encoding_of(path: object) -> str | None:
    """The encoding to read a file with; None leaves it to GDAL, as for all but shapefiles."""
    if not isinstance(path, Path) or path.suffix.lower() != ".shp":
        return None
    table, said = _beside(path, ".dbf"), _beside(path, ".cpg")
    letters = _letters(table) if table else b""
    if not any(byte > 127 for byte in letters):  # noqa: PLR2004  # ASCII in every encoding
        return WESTERN if said else None
    told = said.read_text(encoding="ascii", errors="replace").strip() if said else ""
    if told and not _is_utf8_name(told):
        return None if _known(told) else _guess(letters)
    return _guess(letters)


def _guess(letters: bytes) -> str:
    """UTF-8 where the letters are, which happens by chance to no other text."""
    # A field may end within a letter, so a broken one before a space or the end is none.
    text = letters.decode("utf-8", errors="replace")
    wrong = text.count("�")
    right = sum(character > "\x7f" for character in text) - wrong
    return "UTF-8" if right > wrong else WESTERN


def _letters(table: Path) -> bytes:
    """The records of a dBASE table."""
    try:
        with table.open("rb") as file:
            head = file.read(32)
            (begin,) = struct.unpack_from("<H", head, 8)
            file.seek(begin)
            return file.read(MOST_BYTES)
    except (OSError, struct.error):
        return b""


def _beside(path: Path, extension: str) -> Path | None:
    for name in (extension, extension.upper()):
        beside = path.with_suffix(name)
        if beside.exists():
            return beside
    return None


def _is_utf8_name(name: str) -> bool:
    return name.lower().replace("-", "").replace("_", "") in {"utf8", "65001", "cp65001"}


def _known(name: str) -> bool:
    """Whether GDAL and Python know an encoding by this name, or by its number."""
    for spelled in (name, f"cp{name}", name.replace("ANSI ", "cp")):
        try:
            codecs.lookup(spelled)
        except (LookupError, ValueError):
            continue
        return True
    return False
