"""How a camera says that a picture is to be turned, in formats of which GDAL does not tell it.

The orientation is tag 274 of a TIFF directory (TIFF 6.0, page 36; Exif 2.32, 4.6.4), which PNG keeps in the
chunk eXIf, WebP in the chunk EXIF, and a TIFF in its own first directory.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from geoseg.files.png import SIGNATURE

_TAG = 274
_MOST_ENTRIES = 4096
"""Of a directory; no camera writes so many."""
_MOST_CHUNKS = 100_000
_MOST_BYTES = 1 << 20
"""Of what is read of a chunk."""


def orientation(path: Path) -> int:
    """1 to 8; 1 where a file says nothing, is damaged, or is no PNG, WebP or TIFF."""
    try:
        with path.open("rb") as file:
            return _orientation(file)
    except (OSError, struct.error):
        return 1


def _orientation(file: BinaryIO) -> int:
    head = file.read(12)
    if head[:8] == SIGNATURE:
        file.seek(8)
        return next((_of_tiff(text) for text in _chunks(file, ">I4s", 4, b"eXIf")), 1)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return next((_of_tiff(text) for text in _chunks(file, "<4sI", 0, b"EXIF")), 1)
    if head[:4] in {b"II*\0", b"MM\0*"}:
        return _of_directory(file)
    return 1


def _chunks(file: BinaryIO, form: str, behind: int, wanted: bytes) -> Iterator[bytes]:
    """Bodies of chunks of a kind; each has a head, and in PNG a checksum of ``behind`` bytes."""
    for _ in range(_MOST_CHUNKS):
        head = file.read(8)
        if len(head) < 8:  # noqa: PLR2004  # of a head
            return
        first, second = struct.unpack(form, head)
        kind, size = (second, first) if isinstance(second, bytes) else (first, second)
        if kind == wanted:
            yield file.read(min(size, _MOST_BYTES))
            return
        file.seek(size + behind + (size % 2 if behind == 0 else 0), 1)


def _of_tiff(content: bytes) -> int:
    """Of a piece of EXIF, before which some programs put the mark that JPEG wants."""
    return _of_directory(BytesIO(content.removeprefix(b"Exif\0\0")))


def _of_directory(file: BinaryIO) -> int:
    file.seek(0)
    mark = file.read(4)
    if mark not in {b"II*\0", b"MM\0*"}:
        return 1
    order = "<" if mark[:1] == b"I" else ">"
    (offset,) = struct.unpack(f"{order}I", file.read(4))
    file.seek(offset)
    (count,) = struct.unpack(f"{order}H", file.read(2))
    for _ in range(min(count, _MOST_ENTRIES)):
        tag, kind, _, value = struct.unpack(f"{order}HHIH2x", file.read(12))
        if tag == _TAG:
            return value if kind == 3 and 1 <= value <= 8 else 1  # noqa: PLR2004  # a short, 1 to 8
    return 1
