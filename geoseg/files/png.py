"""Whether a PNG file is whole: of a cut one GDAL returns, without a word, whatever lay in memory."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

SIGNATURE = b"\x89PNG\r\n\x1a\n"
END = b"IEND"
_HEAD = struct.Struct(">I4s")
"""Length of what follows, and the kind, of every chunk; its checksum comes after it."""


def png_damage(path: Path) -> str | None:
    """What is wrong with a PNG file; None for a whole one, and for what is no PNG.

    Chunks and checksums are those of the PNG specification, sections 5.3 and 5.5.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(SIGNATURE)) != SIGNATURE:
                return None
            while True:
                head = file.read(_HEAD.size)
                if len(head) < _HEAD.size:
                    return "it ends before its end"
                length, kind = _HEAD.unpack(head)
                body, checksum = file.read(length), file.read(4)
                if len(checksum) < 4:  # noqa: PLR2004 - bytes of a checksum
                    return "it ends before its end"
                if zlib.crc32(kind + body) != int.from_bytes(checksum, "big"):
                    return "a checksum is wrong"
                if kind == END:
                    return None
    except (
        OSError
    ):  # not a file of this system, or it cannot be read: opening it says what is wrong
        return None
