"""Maps on disk: one file per part and row of tiles, whole or not there, each with what it is of.

A file is a line that names the format, a line of JSON with a checksum of itself and of the rest, and then
the packed pieces one after another. Nothing in it is code.
"""

from __future__ import annotations

import os
import re
import socket
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from geoseg.errors import MapsError
from geoseg.files.atomic import TEMPORARY_SUFFIX, output_errors, put_in_place
from geoseg.files.links import followed
from geoseg.raster.identity import MosaicIdentity
from geoseg.run.state.identity import ModelIdentity
from geoseg.settings import Precision, Runtime
from geoseg.tiles.looking import SeenRow
from geoseg.tiles.packed import PackedRows
from geoseg.types import Window

if TYPE_CHECKING:
    from geoseg.run.spread.parts import Part

FORMAT = b"geoseg maps 1\n"
"""The first line of every file."""
ADVICE = "Free some space; the same command then goes on with what is missing."
_NAME = re.compile(r"maps-(\d{4})-of-(\d{4})-row-(\d{7})\.maps")


KINDS = (
    "as each kind rounds in its own way, in fp32 too, all parts are stored on nodes of one kind; over several kinds runs "
    "geoseg predict --cluster ADDRESS --any-processor"
)
"""What to do where the kinds of processor differ."""


class MapsIdentity(BaseModel):
    """What stored maps are of: files of one raster can be put together where it is the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    """Version of geoseg."""
    mosaic: MosaicIdentity
    """The rasters, and how they are read."""
    model: ModelIdentity
    """The model, what ran it, and on what."""
    name: str
    """The model's own name."""
    heads: tuple[str, ...]
    """Of its maps."""
    averaged: bool
    """Over the image and its half turn."""
    lattice: tuple[int, int, int]
    """Core, context and stride of the tiles, pixels."""
    step: int
    """Rows that are packed together."""

    def differences(self, other: MapsIdentity) -> list[str]:
        """What ``other`` has different, one short sentence each."""
        found = [*self.mosaic.differences(other.mosaic), *self.model.differences(other.model)]
        if self.model.processor != other.model.processor:
            found.append(KINDS)
        for name, what in (
            ("version", "geoseg's version"),
            ("averaged", "the averaging over two views"),
            ("lattice", "the tiles (core, context, stride)"),
            ("heads", "the maps"),
        ):
            before, after = getattr(self, name), getattr(other, name)
            if before != after:
                found.append(f"{what}: was {before!r} and is {after!r}")
        return found

    def require_asked(self, *, precision: Precision, runtime: Runtime, tta: bool | None) -> None:
        """Refuse maps that were made otherwise than is asked for.

        Raises:
            MapsError: naming what differs.
        """
        made = {
            "precision": self.model.precision,
            "runtime": self.model.runtime.partition(" ")[0],
            "tta": self.averaged,
        }
        for name, asked in (("precision", precision), ("runtime", runtime), ("tta", tta)):
            if asked not in {"auto", None, made[name]}:
                raise MapsError(
                    f"the maps were stored with {name} {made[name]!r}, and {asked!r} is asked for; leave "
                    "it out or store them anew"
                )


class _Tile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    core: tuple[int, int, int, int]
    """Row, column, height and width on the grid."""
    valid: tuple[int | None, ...]
    """Bytes of each piece; None: all is zero."""
    maps: tuple[int | None, ...]
    """The same."""


class Header(BaseModel):
    """What stands before the pieces."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    identity: MapsIdentity
    """What the maps are of."""
    part: tuple[int, int]
    """Index and count."""
    row: int
    """Number of the row of tiles."""
    cores: tuple[tuple[int, int], ...]
    """First rows and columns of all cores that were looked at, those without a valid pixel too."""
    skipped: int
    """Of them, those without."""
    failed: tuple[tuple[int, int, int, int], ...]
    """Pieces that could not be read."""
    tiles: tuple[_Tile, ...]
    """Those with a valid pixel."""
    body_crc32: int
    """Of the pieces together."""


@dataclass(frozen=True, slots=True)
class MapsFile:
    """A file of stored maps."""

    path: Path
    """Where it lies."""
    header: Header
    """What it says of itself."""
    begin: int
    """Where its pieces begin."""

    @classmethod
    def open(cls, path: Path) -> MapsFile:
        """Read the header.

        Raises:
            MapsError: It is damaged, or no such file.
        """
        try:
            with path.open("rb") as file:
                named, line = file.readline(len(FORMAT)), file.readline()
                begin = file.tell()
            crc, _, text = line.rstrip(b"\n").partition(b" ")
            if named != FORMAT or int(crc) != zlib.crc32(text):
                raise _damaged(path)
            return cls(path, Header.model_validate_json(text), begin)
        except (OSError, ValueError, ValidationError) as error:
            raise _damaged(path) from error

    def tiles(self) -> list[tuple[Window, PackedRows[np.bool_], PackedRows[np.uint8]]]:
        """Cores on the grid, validity and maps.

        Raises:
            MapsError: It is damaged.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(self.begin)
                body = file.read()
        except OSError as error:
            raise _damaged(self.path) from error
        if zlib.crc32(body) != self.header.body_crc32:
            raise _damaged(self.path)
        at, told, identity = 0, [], self.header.identity
        for tile in self.header.tiles:
            core = Window(*tile.core)
            shape = (core.height, core.width)
            valid, at = _pieces(body, at, tile.valid)
            maps, at = _pieces(body, at, tile.maps)
            told.append(
                (
                    core,
                    PackedRows(shape, np.dtype(np.bool_), identity.step, valid),
                    PackedRows(
                        (len(identity.heads), *shape), np.dtype(np.uint8), identity.step, maps
                    ),
                )
            )
        return told

    def whole(self) -> bool:
        """True when nothing of it is damaged."""
        try:
            self.tiles()
        except MapsError:
            return False
        return True


def maps_path(folder: Path, part: Part, row: int) -> Path:
    """Where the maps of one part's share of a row of tiles lie."""
    return folder / f"maps-{part.index:04d}-of-{part.count:04d}-row-{row:07d}.maps"


def write_row(
    folder: Path,
    identity: MapsIdentity,
    part: Part,
    row: int,
    cores: Sequence[Window],
    seen: SeenRow[PackedRows[np.uint8]],
) -> int:
    """Store what was seen of one part's share of a row of tiles; the file appears whole or not at all.

    Returns:
        Its size in bytes.

    Raises:
        OutputError: It cannot be written.
    """
    pieces = [piece for tile in seen.tiles for piece in (*tile.valid.packed, *tile.found.packed)]
    body = b"".join(piece for piece in pieces if piece is not None)
    header = Header(
        identity=identity,
        part=(part.index, part.count),
        row=row,
        cores=tuple((core.row_off, core.col_off) for core in cores),
        skipped=seen.tiles_skipped,
        failed=tuple(sorted(map(_box, seen.failed))),
        tiles=tuple(
            _Tile(core=_box(t.core), valid=_sizes(t.valid), maps=_sizes(t.found))
            for t in seen.tiles
        ),
        body_crc32=zlib.crc32(body),
    )
    text = header.model_dump_json().encode()
    path = maps_path(folder, part, row)
    # Two tries of one part may go on at once.
    place = followed(path)
    temporary = place.with_name(
        f"{place.name}.{socket.gethostname()}-{os.getpid()}{TEMPORARY_SUFFIX}"
    )
    with output_errors(path, ADVICE):
        try:
            with temporary.open("wb") as file:
                file.writelines([FORMAT, f"{zlib.crc32(text)} ".encode(), text, b"\n", body])
            put_in_place(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    return len(body)


def files_in(folder: Path) -> Iterator[tuple[Path, int, int, int]]:
    """Files of stored maps by name, with index and count of their part and number of their row."""
    for path in sorted(folder.glob("*.maps")):
        match = _NAME.fullmatch(path.name)
        if match:
            yield path, int(match[1]), int(match[2]), int(match[3])


def _pieces(
    body: bytes, at: int, sizes: Sequence[int | None]
) -> tuple[tuple[bytes | None, ...], int]:
    found: list[bytes | None] = []
    for size in sizes:
        found.append(None if size is None else body[at : at + size])
        at += size or 0
    return tuple(found), at


def _sizes(packed: PackedRows[Any]) -> tuple[int | None, ...]:
    return tuple(None if piece is None else len(piece) for piece in packed.packed)


def _box(window: Window) -> tuple[int, int, int, int]:
    return window.row_off, window.col_off, window.height, window.width


def masked(maps: PackedRows[np.uint8], body: int, threshold: int) -> PackedRows[np.uint8]:
    """Maps that are 0 where body is below a threshold, as the decoder takes them."""
    pieces = [maps.piece(index) for index in range(len(maps.packed))]
    kept = [
        None if piece is None else PackedRows.of(piece * (piece[body] >= threshold), maps.step)
        for piece in pieces
    ]
    packed = tuple(None if one is None else one.packed[0] for one in kept)
    return PackedRows(maps.shape, maps.dtype, maps.step, packed)


def _damaged(path: Path) -> MapsError:
    return MapsError(
        f"{path} is damaged or holds no maps of geoseg; remove it and store its part again"
    )
