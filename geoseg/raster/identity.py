"""What says that rasters are still those that an interrupted run began with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from geoseg.addresses.secrets import without_secrets
from geoseg.addresses.urls import holding_file, http_address
from geoseg.errors import UnreachableRasterError, UnreadableRasterError
from geoseg.raster.remote import (
    ASKED_AT_A_TIME,
    HIDDEN,
    IF_KEPT,
    ServerError,
    is_remote,
    is_vrt,
    look,
)
from geoseg.raster.source import Source

DERIVED_SUFFIXES = (".aux.xml", ".ovr")
"""Side files that viewers write without changing a pixel of the raster. What else an .aux.xml can hold
(CRS, place, nodata) is in the identity by itself; overviews are never read."""
DIGEST_BLOCKS, DIGEST_BLOCK_BYTES = 8, 4096
"""Blocks of a local file that are compared: its first, its last, and others evenly between them."""


class FileIdentity(BaseModel):
    """One file of a raster."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    """Absolute path, or an address without its secrets; of what lies in an archive the whole name."""
    size_bytes: int | None = None
    """Of the file, or of the archive; None where neither the file system nor a server says it, and of
    VRTs."""
    mtime_ns: int | None = None
    """Time of the last change, nanoseconds since 1970; None where it is no local file, and of VRTs."""
    digest: str | None = None
    """Hash of a few blocks, of a VRT of all of its text; None where it is no local file."""
    tag: str | None = None
    """ETag or time of the last change, as a server states it; None where it is none or says neither."""

    @classmethod
    def of(cls, file: str | Path) -> FileIdentity:
        """The identity of a file as it is now.

        Raises:
            ServerError: Its server gives no answer, or one that may pass.
        """
        if is_remote(str(file)):
            return cls._of_remote(str(file))
        held = Path(holding_file(str(file)))
        archived = str(held) != str(Path(file))
        path = without_secrets(str(file)) if archived else str(held.resolve())
        try:
            if is_vrt(str(held)):
                return cls(path=path, digest=_text_digest(held))
            status, digest = held.stat(), _digest(held)
        except OSError:
            return cls(path=without_secrets(str(file)))
        return cls(path=path, size_bytes=status.st_size, mtime_ns=status.st_mtime_ns, digest=digest)

    @classmethod
    def _of_remote(cls, path: str) -> FileIdentity:
        try:
            answer = look(path)
        except ServerError as error:
            if error.status not in HIDDEN:
                raise
            # GDAL may be let in where we are not, for example by a cookie.
            return cls(path=remote_name(path))
        return cls(path=remote_name(path), size_bytes=answer.size_bytes, tag=answer.tag)

    @property
    def unknown(self) -> bool:
        """True when nothing tells one content from another."""
        return self.tag is None and self.digest is None


def remote_name(path: str) -> str:
    """A raster's address without its secrets, in whatever way GDAL was told it."""
    whole = holding_file(path) != path
    return without_secrets(path if whole else http_address(path) or path)


def _digest(path: Path) -> str:
    """Hash of a few blocks of a local file; of a folder, of the names, sizes and times in it."""
    digest = hashlib.blake2b(digest_size=16)
    if path.is_dir():
        for member in sorted(path.rglob("*")):
            status = member.stat()
            digest.update(f"{member}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
        return digest.hexdigest()
    with path.open("rb") as file:
        last = max(file.seek(0, 2) - DIGEST_BLOCK_BYTES, 0)
        for number in range(DIGEST_BLOCKS):
            file.seek(last * number // (DIGEST_BLOCKS - 1))
            digest.update(file.read(DIGEST_BLOCK_BYTES))
    return digest.hexdigest()


def _text_digest(path: Path) -> str:
    """Hash of a VRT without the secrets in it: a fresh signature changes no pixel."""
    text = without_secrets(path.read_text(encoding="utf-8", errors="replace"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def identities(files: Sequence[str]) -> list[FileIdentity]:
    """The identities of files as they are now."""
    if not any(map(is_remote, files)):
        return [FileIdentity.of(file) for file in files]
    with ThreadPoolExecutor(ASKED_AT_A_TIME) as asking:
        return list(asking.map(FileIdentity.of, files))


@dataclass(frozen=True, slots=True)
class FirstLook:
    """What rasters were before they were opened: what GDAL reads first may be of other bytes already."""

    files: tuple[FileIdentity | None, ...] = field(repr=False)
    """Of each raster as it was named; None where its server gave no answer: opening it will tell."""

    @classmethod
    def at(cls, names: Sequence[str]) -> Self:
        """Look at rasters by the names that users give."""
        with ThreadPoolExecutor(ASKED_AT_A_TIME) as asking:
            return cls(tuple(asking.map(_look_or_none, names)))

    def require_unchanged(self, mosaic: MosaicIdentity) -> None:
        """Refuse to begin when a raster was replaced while it was opened.

        Raises:
            UnreadableRasterError: Naming the file.
        """
        for before, source in zip(self.files, mosaic.sources, strict=True):
            now = source.files[0] if source.files else None
            if before is None or now is None or before.unknown or now.unknown:
                continue
            if before.model_copy(update={"path": now.path}) != now:
                raise _changed(now)


def _look_or_none(name: str) -> FileIdentity | None:
    try:
        return FileIdentity.of(name)
    except ServerError:
        return None


class SourceIdentity(BaseModel):
    """One raster: its files, and what is read of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    """Absolute path, or the address of a remote raster without its secrets."""
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
            path=_name(source.path),
            height=source.height,
            width=source.width,
            dtype=source.dtype,
            bands=tuple(source.bands.rgb),
            alpha=source.bands.alpha,
            nodata=tuple(None if value is None else repr(value) for value in source.nodata),
            files=tuple(identities(_decisive_files(source))),
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
    fills: tuple[str, ...] = ()
    """Numbers that are no image, and where."""

    def differences(self, other: MosaicIdentity) -> Iterator[str]:
        """What ``other`` has different, one short sentence each."""
        paths, others = ([source.path for source in one.sources] for one in (self, other))
        if paths != others:
            yield f"the list of rasters was {paths} and is {others}"
            return
        for before, after in zip(self.sources, other.sources, strict=True):
            if before != after:
                yield (
                    f"the raster {after.path} was changed since (other size, time of change, content "
                    "or bands)"
                )
        for name, what in (("crs", "CRS"), ("transform", "transform"), ("shape", "size")):
            if getattr(self, name) != getattr(other, name):
                yield f"the {what} of the analysis grid is another one"
        if self.stretch != other.stretch:
            yield f"the stretch was {self.stretch} and is {other.stretch}"
        if self.fills != other.fills:
            was, now = (", ".join(one.fills) or "nothing" for one in (self, other))
            yield f"what is left out as blank was {was} and is {now}"

    @property
    def unknown(self) -> tuple[str, ...]:
        """Addresses of files that nothing tells from others under the same address."""
        files = (file for source in self.sources for file in source.files)
        return tuple(dict.fromkeys(file.path for file in files if file.unknown))


@dataclass(frozen=True, slots=True)
class Watch:
    """The files of a mosaic as they were, and how to look at them again."""

    files: tuple[FileIdentity, ...]
    """As they were."""
    addresses: tuple[str, ...] = field(repr=False)
    """How each is looked at, with whatever secrets a server wants."""

    @property
    def remote(self) -> bool:
        """Whether a look asks a server."""
        return any(is_remote(address) for address in self.addresses)

    @classmethod
    def of(cls, mosaic: MosaicIdentity, sources: Sequence[Source]) -> Self:
        """Of the rasters that ``mosaic`` is the identity of."""
        addresses = [file for source in sources for file in _decisive_files(source)]
        files = [file for source in mosaic.sources for file in source.files]
        pairs = {
            address: file
            for address, file in zip(addresses, files, strict=True)
            if file.size_bytes is not None or not file.unknown
        }
        return cls(tuple(pairs.values()), tuple(pairs))

    def require_unchanged(self) -> None:
        """Refuse to go on when a file is not what it was.

        Raises:
            UnreadableRasterError: Naming the file.
            UnreachableRasterError: A server does not answer.
        """
        try:
            files = identities(self.addresses)
        except ServerError as error:
            raise UnreachableRasterError(
                f"a raster cannot be looked at again: {error}; run again once the server answers, {IF_KEPT}"
            ) from None
        for before, after in zip(self.files, files, strict=True):
            if before != after:
                raise _changed(before)


def _changed(file: FileIdentity) -> UnreadableRasterError:
    if is_remote(file.path):
        return UnreadableRasterError(
            f"{file.path} was changed or removed while it was being read, or its signed address has "
            f"expired; run again with a fresh address, {IF_KEPT} and the file is still the same"
        )
    return UnreadableRasterError(
        f"{file.path} was changed or removed while it was being read; run again once it stays as it is, "
        f"{IF_KEPT} and the file is put back as it was"
    )


def _decisive_files(source: Source) -> list[str]:
    """The files that bear on its pixels."""
    return [file for file in source.files if not is_derived(without_secrets(file))]


def _name(path: str) -> str:
    """A raster's name: its absolute path, or what of its address is no secret."""
    return str(Path(path).resolve()) if Path(path).is_file() else remote_name(path)


def is_derived(file: str) -> bool:
    """Whether a file of a raster bears on no pixel."""
    return file.endswith(DERIVED_SUFFIXES)
