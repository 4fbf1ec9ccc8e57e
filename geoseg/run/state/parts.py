"""The state of a run on disk: finished strips, counters and the decoder's snapshot.

The folder ``<output>.parts`` holds one Arrow file per finished strip that has buildings, the newest
snapshot and ``manifest.json``. The manifest is the only truth: it is replaced last and at once, so
a strip is done when the manifest says so, and whatever else lies in the folder is left over from an
interrupted commit and will be overwritten or removed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from geoseg.errors import OutputError, ResumeError
from geoseg.export.schema import conform
from geoseg.files.atomic import TEMPORARY_SUFFIX, output_errors, replacing, sync_folder
from geoseg.run.state.identity import RunIdentity
from geoseg.run.state.snapshot import read_snapshot, write_snapshot

MANIFEST = "manifest.json"
_OWN_FILES = (MANIFEST, "strip-*.arrow", "snapshot-*.arrow", f"*{TEMPORARY_SUFFIX}")
_FREE_SPACE = "Free some space or choose another folder; --resume then goes on from the last strip."

_log = logging.getLogger(__name__)


class StripEntry(BaseModel):
    """One finished strip."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: int
    """Number of the strip, from the top."""
    rows: int
    """Buildings that were finished with this strip; without any there is no file."""
    first_id: int = 0
    """Smallest building_id in the file."""
    last_id: int = 0
    """Largest building_id in the file."""
    size_bytes: int = 0
    """Size of the file."""


class Manifest(BaseModel):
    """What is done; the content of ``manifest.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    """Version of this folder's format."""
    identity: RunIdentity
    """The run that this is the state of."""
    strips: tuple[StripEntry, ...] = ()
    """Finished strips, by index."""
    snapshot_strip: int | None = None
    """The strip after which the snapshot was taken; None: the next strip needs none."""
    counters: dict[str, JsonValue] = {}
    """Whatever the run counts, as of the last commit."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file of finished buildings, sorted by building_id."""

    path: Path
    """An Arrow IPC file with the contract's schema."""
    rows: int
    """Number of buildings, at least 1."""
    first_id: int
    """Its smallest building_id."""
    last_id: int
    """Its largest building_id."""


def parts_folder(output: Path) -> Path:
    """Where the state of the run that writes ``output`` lies."""
    return output.with_name(output.name + ".parts")


def has_state(output: Path) -> bool:
    """True when an interrupted run left something to resume."""
    return (parts_folder(output) / MANIFEST).is_file()


class PartsWriter:
    """Keeps finished strips; made by :meth:`create` or :meth:`resume`."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self._manifest = manifest

    @classmethod
    def create(cls, output: Path, identity: RunIdentity) -> PartsWriter:
        """Start afresh; the state of an earlier run to the same output is removed.

        Raises:
            OutputError: The folder cannot be written, or holds files that geoseg did not write.
        """
        folder = parts_folder(output)
        with output_errors(folder, "Choose a folder that you may write to."):
            if has_state(output):
                _log.warning("removing %s, the state of an earlier, unfinished run", folder)
            _remove_state(folder)
            folder.mkdir()
            sync_folder(folder.parent)
        writer = cls(folder, Manifest(identity=identity))
        writer._replace_manifest(writer._manifest)
        return writer

    @classmethod
    def resume(cls, output: Path, identity: RunIdentity) -> PartsWriter:
        """Go on where a run stopped; where none left a manifest, start afresh.

        Raises:
            ResumeError: The state belongs to another run (the message names what differs), was
                written by another version of this format, or a part of it is gone.
        """
        if not has_state(output):
            return cls.create(output, identity)
        writer = cls(parts_folder(output), _read_manifest(parts_folder(output)))
        writer._refuse_unless(identity)
        with output_errors(writer.folder, "Choose a folder that you may write to."):
            writer._remove_leftovers()
        return writer

    @property
    def done_strips(self) -> tuple[int, ...]:
        """Indices of the finished strips, ascending."""
        return tuple(strip.index for strip in self._manifest.strips)

    @property
    def counters(self) -> dict[str, JsonValue]:
        """The counters of the last commit."""
        return dict(self._manifest.counters)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The files of the finished strips that have buildings."""
        return tuple(
            Part(self._part_path(strip.index), strip.rows, strip.first_id, strip.last_id)
            for strip in self._manifest.strips
            if strip.rows
        )

    def commit(
        self,
        strip_index: int,
        table: pa.Table | None,
        snapshot: Mapping[str, NDArray[np.generic]] | None,
        counters: Mapping[str, JsonValue],
    ) -> None:
        """Make a strip done: all of it or, when interrupted at any moment, nothing of it.

        Args:
            strip_index: A strip that is not done yet.
            table: The buildings that this strip finished, in any order, or None.
            snapshot: The state that the next strip starts from; None: it needs none.
            counters: All counters of the run as of now; they replace the earlier ones.

        Raises:
            OutputError: Disk full or not writable; the strips committed before stay done.
        """
        if strip_index in self.done_strips:
            raise ValueError(f"strip {strip_index} is done already")
        with output_errors(self.folder, _FREE_SPACE):
            entry = self._write_part(strip_index, table)
            if snapshot is not None:
                write_snapshot(self._snapshot_path(strip_index), snapshot)
        strips = (*self._manifest.strips, entry)
        self._replace_manifest(
            self._manifest.model_copy(
                update={
                    "strips": tuple(sorted(strips, key=lambda strip: strip.index)),
                    "snapshot_strip": None if snapshot is None else strip_index,
                    "counters": dict(counters),
                }
            )
        )
        self._remove_leftovers()

    def load_snapshot(self) -> dict[str, NDArray[Any]] | None:
        """The arrays of the last commit's snapshot, or None where it had none.

        Raises:
            ResumeError: The file is missing or was changed.
        """
        strip_index = self._manifest.snapshot_strip
        if strip_index is None:
            return None
        return read_snapshot(self._snapshot_path(strip_index))

    def remove(self) -> None:
        """Remove the folder: the run is complete."""
        with output_errors(self.folder, "Remove the folder yourself; the result is complete."):
            _remove_state(self.folder)

    def _part_path(self, strip_index: int) -> Path:
        return self.folder / f"strip-{strip_index:08d}.arrow"

    def _snapshot_path(self, strip_index: int) -> Path:
        return self.folder / f"snapshot-{strip_index:08d}.arrow"

    def _write_part(self, strip_index: int, table: pa.Table | None) -> StripEntry:
        if table is None or table.num_rows == 0:
            return StripEntry(index=strip_index, rows=0)
        ordered = conform(table).sort_by("building_id").combine_chunks()
        path = self._part_path(strip_index)
        with (
            replacing(path) as temporary,
            pa.OSFile(str(temporary), "wb") as file,
            pa.ipc.new_file(file, ordered.schema) as sink,
        ):
            sink.write_table(ordered)
        ids = ordered["building_id"]
        return StripEntry(
            index=strip_index,
            rows=ordered.num_rows,
            first_id=ids[0].as_py(),
            last_id=ids[-1].as_py(),
            size_bytes=path.stat().st_size,
        )

    def _replace_manifest(self, manifest: Manifest) -> None:
        path = self.folder / MANIFEST
        with output_errors(path, _FREE_SPACE), replacing(path) as temporary:
            temporary.write_text(manifest.model_dump_json(), encoding="utf-8")
        self._manifest = manifest

    def _refuse_unless(self, identity: RunIdentity) -> None:
        differences = self._manifest.identity.differences(identity)
        if differences:
            raise ResumeError(
                f"cannot resume from {self.folder}: {'; '.join(differences)}. Run with the same "
                "rasters, model and options as before, or without --resume to start afresh."
            )
        for strip in self._manifest.strips:
            path = self._part_path(strip.index)
            if strip.rows and (not path.is_file() or path.stat().st_size != strip.size_bytes):
                raise ResumeError(
                    f"cannot resume: {path} is missing or was changed. Run without --resume to "
                    "start afresh."
                )

    def _remove_leftovers(self) -> None:
        """Drop older snapshots and what an interrupted commit left."""
        kept = {self.folder / MANIFEST, *(part.path for part in self.parts)}
        if self._manifest.snapshot_strip is not None:
            kept.add(self._snapshot_path(self._manifest.snapshot_strip))
        for path in _own_files(self.folder):
            if path not in kept:
                path.unlink(missing_ok=True)


def _read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ResumeError(
            f"cannot resume: {path} is not a manifest that this version of geoseg reads. Run "
            "without --resume to start afresh."
        ) from error


def _own_files(folder: Path) -> Iterator[Path]:
    for pattern in _OWN_FILES:
        yield from folder.glob(pattern)


def _remove_state(folder: Path) -> None:
    """Remove the folder with its own files; the manifest goes first, so that no half is resumed."""
    for path in _own_files(folder):
        path.unlink(missing_ok=True)
    if folder.is_dir():
        foreign = next(folder.iterdir(), None)
        if foreign is not None:
            raise OutputError(
                f"{folder} holds {foreign.name}, which geoseg did not write. Move it elsewhere."
            )
        folder.rmdir()
