"""What says that rasters are still those that an interrupted run began with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from geoseg.errors import UnreadableRasterError
from geoseg.raster.source import Source

DERIVED_SUFFIXES = (".aux.xml", ".ovr")
"""Side files that viewers write without changing a pixel of the raster. What else an .aux.xml can hold
(CRS, place, nodata) is in the identity by itself; overviews are never read."""


class FileIdentity(BaseModel):
    """One file of a raster."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    """Absolute path; what is no local file (an address, a dataset within a file) by name alone."""
    size_bytes: int | None = None
    """None where it is no local file."""
    mtime_ns: int | None = None
    """Time of the last change, nanoseconds since 1970; None where it is no local file."""

    @classmethod
    def of(cls, file: str | Path) -> FileIdentity:
        """The identity of a file as it is now."""
        path = Path(file)
        if not path.is_file():
            return cls(path=str(file))
        status = path.stat()
        return cls(path=str(path.resolve()), size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)


class SourceIdentity(BaseModel):
    """One raster: its files, and what is read of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    """Absolute path, or the address of a remote raster."""
    height: int
    """Rows, pixels."""
    width: int
    """Columns, pixels."""
    dtype: str
    """Data type."""
    bands: tuple[int, ...]
    """Numbers of the bands read as red, green and blue."""
    alpha: int | None
    """Number of the alpha band."""
    nodata: tuple[str | None, ...]
    """Nodata value of each band, as text: NaN equals nothing."""
    files: tuple[FileIdentity, ...]
    """Every file that it consists of, without DERIVED_SUFFIXES."""

    @classmethod
    def of(cls, source: Source) -> SourceIdentity:
        """The identity of a raster as it is now."""
        return cls(
            path=FileIdentity.of(source.path).path,
            height=source.height,
            width=source.width,
            dtype=source.dtype,
            bands=tuple(source.bands.rgb),
            alpha=source.bands.alpha,
            nodata=tuple(None if value is None else repr(value) for value in source.nodata),
            files=tuple(FileIdentity.of(file) for file in source.files if not is_derived(file)),
        )


class MosaicIdentity(BaseModel):
    """What the pixels of a mosaic depend on: two runs of equal identity read the same pixels."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[SourceIdentity, ...]
    """The rasters, in the order given."""
    crs: str
    """CRS of the analysis grid, as WKT."""
    transform: tuple[float, ...]
    """Six numbers of its transform."""
    shape: tuple[int, int]
    """Its height and width, pixels."""
    stretch: tuple[float, float] | None
    """Numbers that become 0 and 255; None for eight bits."""
    fill_rgb: tuple[int, int, int]
    """Colour of invalid pixels."""

    def differences(self, other: MosaicIdentity) -> Iterator[str]:
        """What ``other`` has different, one short sentence each."""
        paths, others = ([source.path for source in one.sources] for one in (self, other))
        if paths != others:
            yield f"the list of rasters was {paths} and is {others}"
            return
        for before, after in zip(self.sources, other.sources, strict=True):
            if before != after:
                yield (
                    f"the raster {after.path} was changed since (other size, time of change or bands)"
                )
        for name, what in (("crs", "CRS"), ("transform", "transform"), ("shape", "size")):
            if getattr(self, name) != getattr(other, name):
                yield f"the {what} of the analysis grid is another one"
        if self.stretch != other.stretch:
            yield f"the stretch was {self.stretch} and is {other.stretch}"

    def require_unchanged(self) -> None:
        """Refuse to go on when a file is not what it was.

        Raises:
            UnreadableRasterError: Naming the file.
        """
        for source in self.sources:
            for before in source.files:
                if before.size_bytes is not None and FileIdentity.of(before.path) != before:
                    raise UnreadableRasterError(
                        f"{before.path} was changed or removed while it was being read; put the "
                        "file back as it was and go on with --resume, or start afresh with "
                        "--overwrite"
                    )


def is_derived(file: str) -> bool:
    """Whether a file of a raster bears on no pixel."""
    return file.endswith(DERIVED_SUFFIXES)
