"""The state of a run on disk: finished strips, counters and the decoder's snapshot.

The folder ``<output>.parts`` holds one Arrow file per finished strip that has buildings, the newest
snapshots and ``manifest.json``. The manifest is the only truth: it is replaced last and at once, so
a strip is done when the manifest says so, and whatever else lies in the folder is left over from an
interrupted commit and will be overwritten or removed. It holds the checksum of every other file, and
no file is used before it was compared.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import JsonValue

from geoseg.errors import OutputError, ResumeError
from geoseg.export.schema import conform
from geoseg.files.atomic import TEMPORARY_SUFFIX, output_errors, replacing, sync_folder
from geoseg.files.seal import FileSeal
from geoseg.run.state.identity import RunIdentity
from geoseg.run.state.lock import LOCK, parts_folder
from geoseg.run.state.manifest import (
    MANIFEST,
    START_AFRESH,
    Checkpoint,
    Manifest,
    StripEntry,
    read_manifest,
    write_manifest,
)
from geoseg.run.state.snapshot import read_snapshot, write_snapshot

_OWN_FILES = ("strip-*.arrow", "snapshot-*.arrow", f"*{TEMPORARY_SUFFIX}", MANIFEST)
"""The manifest comes last: as long as it is there, it says what the others are."""
_FREE_SPACE = "Free some space or choose another folder; --resume then goes on from the last strip."
_WRITABLE = "Choose a folder that you may write to."
_COMPLETE = "Remove the folder yourself; the result is complete."

_log = logging.getLogger(__name__)


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
    seal: FileSeal
    """Of the file."""

    def require_whole(self) -> None:
        """Refuse a damaged file.

        Raises:
            OutputError: It is missing or was damaged.
        """
        if not self.seal.fits_file(self.path):
            raise OutputError(
                f"{self.path} is missing or was damaged. Run again with --resume, which computes its "
                "rows again where it can."
            )


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
        with output_errors(folder, _WRITABLE):
            if has_state(output):
                _log.warning("removing %s, the state of an earlier, unfinished run", folder)
                (folder / MANIFEST).unlink()  # first, so that no half of a state is resumed
            _remove_state(folder)
            folder.mkdir(exist_ok=True)
            sync_folder(folder.parent)
        writer = cls(folder, Manifest(identity=identity))
        writer._replace_manifest(writer._manifest)
        return writer

    @classmethod
    def resume(cls, output: Path, identity: RunIdentity) -> PartsWriter:
        """Go on where a run stopped; where none left a manifest, start afresh.

        Where the files of the last strip are damaged, it counts as not done.

        Raises:
            ResumeError: The state belongs to another run (the message names what differs), was
                written by another version of this format, or more of it is damaged.
        """
        if not has_state(output):
            return cls.create(output, identity)
        writer = cls(parts_folder(output), read_manifest(parts_folder(output)))
        writer._refuse_unless(identity)
        if writer.outcome is None:
            writer._go_back_to_what_is_whole()
            with output_errors(writer.folder, _WRITABLE):
                writer._remove_leftovers()
        return writer

    @property
    def done_strips(self) -> tuple[int, ...]:
        """Indices of the finished strips, ascending."""
        return tuple(strip.index for strip in self._manifest.strips)

    @property
    def counters(self) -> dict[str, JsonValue]:
        """The counters of the last commit."""
        checkpoints = self._manifest.checkpoints
        return dict(checkpoints[-1].counters) if checkpoints else {}

    @property
    def outcome(self) -> dict[str, JsonValue] | None:
        """What :meth:`finish` was told; None: the output is not complete."""
        return self._manifest.outcome

    @property
    def parts(self) -> tuple[Part, ...]:
        """The files of the finished strips that have buildings."""
        return tuple(
            self._part(strip, strip.seal)
            for strip in self._manifest.strips
            if strip.seal is not None
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
            strip_index: The number of strips that are done: they come from the top.
            table: The buildings that this strip finished, in any order, or None.
            snapshot: The state that the next strip starts from; None: it needs none.
            counters: All counters of the run as of now; they replace the earlier ones.

        Raises:
            OutputError: Disk full or not writable; the strips committed before stay done.
        """
        if strip_index != len(self.done_strips):
            raise ValueError(f"strip {strip_index} is done already, or one before it is not")
        with output_errors(self.folder, _FREE_SPACE):
            entry = self._write_part(strip_index, table)
            seal = None
            if snapshot is not None:
                seal = write_snapshot(self._snapshot_path(strip_index), snapshot)
        checkpoint = Checkpoint(strip=strip_index, snapshot=seal, counters=dict(counters))
        self._replace_manifest(self._manifest.extended(entry, checkpoint))
        with output_errors(self.folder, _FREE_SPACE):
            self._remove_leftovers()

    def load_snapshot(self) -> dict[str, NDArray[Any]] | None:
        """The arrays of the last commit's snapshot, or None where it had none.

        Raises:
            ResumeError: The file is missing or was changed.
        """
        for checkpoint in self._manifest.checkpoints[-1:]:
            if checkpoint.snapshot is not None:
                return read_snapshot(self._snapshot_path(checkpoint.strip), checkpoint.snapshot)
        return None

    def finish(self, outcome: Mapping[str, JsonValue]) -> None:
        """Note that the output is complete, and what the run is summed up to."""
        with output_errors(self.folder, _COMPLETE):
            self._replace_manifest(self._manifest.model_copy(update={"outcome": dict(outcome)}))

    def remove(self) -> None:
        """Remove the folder: the run is complete, or nothing of it is."""
        with output_errors(self.folder, _COMPLETE):
            if self.outcome is None:
                (self.folder / MANIFEST).unlink(missing_ok=True)  # no half of a state is resumed
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
        with pa.BufferOutputStream() as file:
            with pa.ipc.new_file(file, ordered.schema) as sink:
                sink.write_table(ordered)
            content = memoryview(file.getvalue())
        with replacing(path) as temporary:
            temporary.write_bytes(content)
        ids = ordered["building_id"]
        return StripEntry(
            index=strip_index,
            rows=ordered.num_rows,
            first_id=ids[0].as_py(),
            last_id=ids[-1].as_py(),
            seal=FileSeal.of(content),
        )

    def _part(self, strip: StripEntry, seal: FileSeal) -> Part:
        path = self._part_path(strip.index)
        return Part(path, strip.rows, strip.first_id, strip.last_id, seal)

    def _replace_manifest(self, manifest: Manifest) -> None:
        with output_errors(self.folder / MANIFEST, _FREE_SPACE):
            write_manifest(manifest, self.folder)
        self._manifest = manifest

    def _refuse_unless(self, identity: RunIdentity) -> None:
        differences = self._manifest.identity.differences(identity)
        if differences:
            raise ResumeError(
                f"cannot resume from {self.folder}: {'; '.join(differences)}. Run with the same "
                f"rasters, model and options as before. {START_AFRESH}"
            )

    def _go_back_to_what_is_whole(self) -> None:
        """Drop the last strip where its files are damaged, and refuse where others are."""
        damaged = self._damaged()
        if not damaged:
            return
        names = ", ".join(path.name for path in damaged)
        before = self._manifest.rewound()
        if before is not None:
            whole = PartsWriter(self.folder, before)
            if not whole._damaged():
                _log.warning(
                    "%s in %s is missing or was damaged: the last row of tiles is computed again",
                    names, self.folder,
                )  # fmt: skip
                self._replace_manifest(before)
                return
        raise ResumeError(
            f"cannot resume: {names} in {self.folder} is missing or was damaged. Put it back if you "
            f"have a copy. {START_AFRESH}"
        )

    def _damaged(self) -> list[Path]:
        """Files that the run would go on from and that do not have the bytes that were written."""
        sealed: list[tuple[Path, FileSeal | None]] = [(each.path, each.seal) for each in self.parts]
        sealed += [
            (self._snapshot_path(each.strip), each.snapshot)
            for each in self._manifest.checkpoints[-1:]
        ]
        return [path for path, seal in sealed if seal is not None and not seal.fits_file(path)]

    def _remove_leftovers(self) -> None:
        """Drop older snapshots and what an interrupted commit left."""
        kept = {self.folder / MANIFEST, *(part.path for part in self.parts)}
        kept |= {self._snapshot_path(each.strip) for each in self._manifest.checkpoints}
        for path in _own_files(self.folder):
            if path not in kept:
                path.unlink(missing_ok=True)


def _own_files(folder: Path) -> Iterator[Path]:
    for pattern in _OWN_FILES:
        yield from folder.glob(pattern)


def _remove_state(folder: Path) -> None:
    """Remove the folder with its own files; a lock stays, and with it the folder."""
    for path in _own_files(folder):
        path.unlink(missing_ok=True)
    if not folder.is_dir():
        return
    left = [path.name for path in folder.iterdir() if not path.name.startswith(LOCK)]
    if left:
        raise OutputError(
            f"{folder} holds {left[0]}, which geoseg did not write. Move it elsewhere."
        )
    with suppress(OSError):  # not empty: there is a lock
        folder.rmdir()
