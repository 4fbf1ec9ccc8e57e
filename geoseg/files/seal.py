"""Size and checksum of a file that is read again later: damage must be noticed, not used."""

from __future__ import annotations

import zlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict


class FileSeal(BaseModel):
    """What says that a file still has the bytes that were written.

    A CRC-32 finds every damage of up to 32 bits in a row, and all but one in four thousand million of
    the others. It holds nobody back who wants to forge a file; for that a hash would be needed, and
    whoever may write the file may write the seal too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size_bytes: int
    """Size of the file."""
    crc32: int
    """Checksum of its bytes, ``zlib.crc32``."""

    @classmethod
    def of(cls, content: bytes | memoryview) -> FileSeal:
        """The seal of these bytes."""
        return cls(size_bytes=len(content), crc32=zlib.crc32(content))

    def fits(self, content: bytes | memoryview) -> bool:
        """True when these are the bytes."""
        return FileSeal.of(content) == self

    def fits_file(self, path: Path) -> bool:
        """True when the file can be read and holds these bytes."""
        try:
            return path.stat().st_size == self.size_bytes and self.fits(path.read_bytes())
        except OSError:
            return False
