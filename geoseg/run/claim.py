"""An output for one run alone, known to be writable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geoseg.errors import OutputExistsError, ResumeError
from geoseg.export.formats import FORMATS
from geoseg.export.opening import open_output
from geoseg.files.target import check_target
from geoseg.run.state.lock import OutputLock, parts_folder
from geoseg.run.state.manifest import read_manifest
from geoseg.run.state.parts import has_state


@contextmanager
def claimed(output: Path, overwrite: bool, *, resume: bool) -> Iterator[OutputLock]:
    """Keep other runs from ``output`` while the block lasts; the lock knows its absolute path.

    Raises:
        UsageError: Its extension is not known.
        OutputInUseError: Another run is writing it.
        OutputExistsError: It is there already, or the state of an interrupted run, and nothing says
            what to do with that.
        OutputError: It cannot be written.
    """
    target = check_target(output.absolute(), FORMATS, overwrite=True)
    with OutputLock(target) as lock:
        left = has_state(target)
        if target.exists() and resume and not (left or overwrite):
            raise OutputExistsError(
                f"{target} is there already, and no interrupted run to go on with: it is complete. "
                "Give another name, or --overwrite to replace it"
            )
        # Killed between the last rename and the removal of its state, a run leaves both behind.
        open_output(target, overwrite=overwrite or (resume and left))
        if left and not (resume or overwrite):
            raise OutputExistsError(
                f"{parts_folder(target)} holds the state of an interrupted run{_way_on(target)}"
            )
        yield lock


def _way_on(target: Path) -> str:
    """How to go on with a stopped run, where that is possible, or that it is not."""
    try:
        unknown = read_manifest(parts_folder(target)).identity.unknown
    except ResumeError as error:
        unknown = str(error)
    if unknown is None:
        return ": go on with it by --resume, or start afresh with --overwrite"
    return f" that cannot be gone on with; start afresh with --overwrite ({unknown.rstrip('.')})"
