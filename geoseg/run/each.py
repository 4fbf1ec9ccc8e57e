"""One output per raster, in a folder: a failure of one does not stop the others."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from geoseg.addresses.secrets import without_secrets
from geoseg.errors import GeosegError, OutputError, UsageError
from geoseg.files.target import FOLDERS, extension_of
from geoseg.languages.counting import counted
from geoseg.pages.notebook import Shown
from geoseg.run.state.parts import has_state
from geoseg.run.summary import Summary

_log = logging.getLogger(__name__)

SUFFIX = ".gpkg"
"""Of every output."""


@dataclass(frozen=True, slots=True)
class RasterOutcome:
    """What became of one raster."""

    raster: str
    """Its name, without secrets."""
    output: str
    """The file that is its own."""
    summary: Summary | None = None
    """Of its run; None where there was none or it failed."""
    error: str | None = None
    """Why it failed, a sentence."""

    @property
    def told(self) -> str:
        """A line on it."""
        if self.error is not None:
            return f"failed: {self.error}"
        if self.summary is None:
            return "skipped: its output is there already"
        found = f"{counted(self.summary.buildings, 'building')}, {self.summary.area_m2:,.0f} m²"
        return f"{found}, written to {Path(self.output).absolute()}"

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        summary = None if self.summary is None else self.summary.as_dict()
        return {
            "raster": self.raster, "output": str(Path(self.output).absolute()), "summary": summary,
            "error": self.error,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class RasterOutcomes(Shown, Sequence[RasterOutcome]):
    """What became of all rasters, in the order given."""

    outcomes: tuple[RasterOutcome, ...]
    """One each."""

    @property
    def failed(self) -> int:
        """How many failed."""
        return sum(one.error is not None for one in self.outcomes)

    @overload
    def __getitem__(self, index: int) -> RasterOutcome: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[RasterOutcome, ...]: ...
    def __getitem__(self, index: int | slice) -> RasterOutcome | tuple[RasterOutcome, ...]:
        return self.outcomes[index]

    def __len__(self) -> int:
        return len(self.outcomes)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"rasters": [one.as_dict() for one in self.outcomes], "failed": self.failed}

    def in_words(self) -> list[tuple[str, str]]:
        """Names and texts for a table."""
        return [(one.raster, one.told) for one in self.outcomes]

    def __repr__(self) -> str:
        return f"RasterOutcomes({counted(len(self), 'raster')}, {self.failed} failed)"


def is_folder(output: str | os.PathLike[str]) -> bool:
    """Whether an output means a folder: it is one, or its name ends in a slash; a format that is one is not."""
    text = os.fspath(output)
    if extension_of(Path(text)) in FOLDERS:
        return False
    return text.endswith(("/", os.sep)) or (text != "" and Path(text).is_dir())


def outputs_in(folder: Path, rasters: Sequence[str]) -> list[Path]:
    """The output of each raster.

    Raises:
        UsageError: Two would have the same.
    """
    stems = [Path(without_secrets(raster)).stem for raster in rasters]
    counts = Counter(stem.lower() for stem in stems)
    for stem in stems:
        if counts[stem.lower()] > 1:
            raise UsageError(
                f"{counts[stem.lower()]} rasters are called {stem} and would have one output in "
                f"{folder}; write them to folders of their own, or rename one"
            )
    return [folder / f"{stem}{SUFFIX}" for stem in stems]


def predict_each(
    rasters: Sequence[str],
    folder: Path,
    run: Callable[..., Any],
    *,
    skip_existing: bool,
    resume: bool,
) -> RasterOutcomes:
    """Run over every raster by itself.

    Args:
        rasters: Their names.
        folder: Made where it does not exist.
        run: Called with a raster's name, its output and ``resume``.
        skip_existing: Leave rasters whose output is there.
        resume: Go on where a run stopped; what is complete is left, what was not begun is run.

    Raises:
        UsageError: Two rasters would have the same output.
        OutputError: The folder cannot be made.
    """
    outputs = outputs_in(folder, rasters)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"the folder {folder} cannot be made: {error.strerror}") from error
    told = []
    for number, (raster, output) in enumerate(zip(rasters, outputs, strict=True), 1):
        _log.info("raster %d of %d: %s", number, len(rasters), without_secrets(raster))
        begun = has_state(output.absolute())
        if output.exists() and not begun and (skip_existing or resume):
            told.append(RasterOutcome(without_secrets(raster), str(output)))
            continue
        told.append(_outcome(raster, output, run, resume=resume and begun))
    return RasterOutcomes(tuple(told))


def _outcome(raster: str, output: Path, run: Callable[..., Any], *, resume: bool) -> RasterOutcome:
    name = without_secrets(raster)
    try:
        return RasterOutcome(name, str(output), run(raster, output, resume=resume))
    except GeosegError as error:
        _log.warning("%s failed: %s", name, error)
        return RasterOutcome(name, str(output), error=str(error))
