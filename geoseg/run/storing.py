"""``geoseg.maps``: the maps of a part of a raster's tiles, stored; or all of them as a raster."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoseg.errors import MapsError, OutputError, UsageError
from geoseg.keywords import checked_keywords
from geoseg.languages.counting import counted, listed
from geoseg.pages.notebook import Shown
from geoseg.run.spread.parts import Part
from geoseg.settings import STRIP_PX, Precision, PredictSettings, Runtime, option_of

if TYPE_CHECKING:
    from geoseg.models.protocols import DenseModel
    from geoseg.progress import Progress
    from geoseg.raster.given import Nodata, RasterInput
    from geoseg.run.composed import Run
    from geoseg.run.spread.stored import MapsIdentity

_log = logging.getLogger(__name__)

RASTERS = (".tif", ".tiff")
"""Outputs that are a raster of all maps."""


@dataclass(frozen=True, slots=True, repr=False)
class StoredPart(Shown):
    """What became of one part, or of a raster of all maps."""

    output: str
    """The folder, or the raster."""
    part: str
    """Such as "2/8"; empty for a raster."""
    tiles: int
    """Of the part."""
    rows_stored: int
    """Rows of tiles whose maps were computed and written."""
    rows_kept: int
    """Rows of tiles whose maps were there already."""
    failed: int
    """Blocks that could not be read and were skipped on request."""
    bytes_written: int
    """Of packed maps, or of the raster."""

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)

    def in_words(self) -> list[tuple[str, str]]:
        """Names and texts for a small table; what has an empty text is not shown."""
        stored = (self.rows_stored, "row of them stored", "rows of them stored")
        return [
            ("part", self.part),
            ("tiles", f"{self.tiles:,}"),
            ("maps", listed(stored, (self.rows_kept, "there already"))),
            ("skipped", listed((self.failed, "unreadable block", "unreadable blocks"))),
            ("written", f"{self.bytes_written / 1e6:,.1f} MB"),
            ("output", self.output),
        ]

    def __repr__(self) -> str:
        return f"StoredPart({self.part or 'raster'}, {counted(self.tiles, 'tile')}, {self.output})"


_OF_ANOTHER = "{} is of another run: {}. Choose another folder, or replace it by --overwrite"
"""Said of maps that do not belong to this run."""
_AGAIN = "stored maps that are damaged and are made again: %d of %d rows of tiles; the first is %s"
"""Said of what a disk or a copy spoilt."""


@checked_keywords
def maps(  # noqa: PLR0913  # the public face: one keyword per decision of the user
    source: RasterInput,
    output: str | os.PathLike[str],
    *,
    part: str | tuple[int, int] | None = None,
    model: str | os.PathLike[str] | DenseModel = "default",
    gsd_m: float | None = None,
    bands: Sequence[int] | None = None,
    stretch: tuple[float, float] | None = None,
    nodata: Nodata | Sequence[Nodata] | None = None,
    keep_blank: bool = False,
    tile_px: int | None = None,
    overlap_px: int | None = None,
    batch: int | None = None,
    readers: int = 1,
    tta: bool | None = None,
    skip_errors: bool = False,
    device: str = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    exact: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> StoredPart:
    """Store a model's maps of a part of a mosaic, for ``predict(..., maps=folder)``.

    Parts may be stored in any order, on any machines, any number of times; what is there already is left.

    Args:
        source: A raster or several, as in ``predict``; or the folder of all parts, where ``output`` is a
            raster.
        output: A folder, made where it does not exist; or a .tif: the probabilities of all parts as a
            cloud-optimised GeoTIFF of 8 bits.
        part: Index, from 0, and number of parts, as "2/8" or (2, 8). What is left out comes from the
            environment of a job array (SLURM, AWS Batch, Kubernetes); without one all is stored.
        model: As in ``predict``; it must predict maps.
        gsd_m: As in ``predict``; and so ``bands``, ``stretch``, ``nodata``, ``keep_blank``, ``tile_px``,
            ``overlap_px``, ``batch``, ``readers``, ``tta``, ``skip_errors``, ``device``, ``precision``,
            ``runtime`` and ``exact``.
        bands: See ``gsd_m``.
        stretch: See ``gsd_m``.
        nodata: See ``gsd_m``.
        keep_blank: See ``gsd_m``.
        tile_px: See ``gsd_m``.
        overlap_px: See ``gsd_m``.
        batch: See ``gsd_m``.
        readers: See ``gsd_m``.
        tta: See ``gsd_m``.
        skip_errors: See ``gsd_m``.
        device: See ``gsd_m``.
        precision: See ``gsd_m``.
        runtime: See ``gsd_m``.
        exact: See ``gsd_m``.
        overwrite: Replace what is there, of whatever raster.
        progress: Called with a ``ProgressReport`` after every row of tiles.

    Returns:
        What was stored.

    Raises:
        GeosegError: One of its kinds, for everything that can be wrong with input and output.
    """
    path = Path(output)
    settings = PredictSettings.of(
        gsd_m=gsd_m, bands=bands, stretch=stretch, nodata=nodata, keep_blank=keep_blank,
        tile_px=tile_px, overlap_px=overlap_px, batch=batch, readers=readers, tta=tta,
        skip_errors=skip_errors,
    )  # fmt: skip
    if path.suffix.lower() in RASTERS:
        given = {
            "part": (part, None), "model": (model, "default"), "exact": (exact, False),
            "device": (device, "auto"), "precision": (precision, "auto"), "runtime": (runtime, "auto"),
        }  # fmt: skip
        asked = [name for name, (value, usual) in given.items() if value != usual]
        asked += settings.model_dump(exclude_defaults=True)
        return _raster_of_all(source, path, asked, overwrite=overwrite)
    wanted = Part.of(part)
    from geoseg.models.choice import ModelChoice
    from geoseg.progress import heard
    from geoseg.raster.given import raster_names
    from geoseg.run.composing import Composing
    from geoseg.tiles.tally import Tally

    choice = ModelChoice(model, device, precision, runtime, tta=tta, exact=exact)
    composing = Composing(rasters=raster_names(source), choice=choice, settings=settings)
    with composing.run(None, Tally()) as run, heard(progress) as told:
        return _store(run, _made(path), wanted, told, overwrite=overwrite)


def _store(
    run: Run, folder: Path, part: Part, progress: Progress, *, overwrite: bool
) -> StoredPart:
    """Compute and write what is not there."""
    from geoseg.models.protocols import DenseModel
    from geoseg.progress import PIXELS, ProgressReport
    from geoseg.run.lookers import DenseLooker
    from geoseg.run.rows import RowsHere
    from geoseg.run.spread.stored import write_row

    model = run.model
    if not isinstance(model, DenseModel):
        raise UsageError(
            "a model that predicts separate masks has no maps to store; spread its run by --workers, or "
            "by an executor"
        )
    plan, _ = run.plan()
    identity = _identity(run, model, plan.lattice)
    if not overwrite:
        _require_ours(folder, identity, part)
    own = list(part.strips(plan))
    numbers = [] if overwrite else [number for number, _ in own]
    kept = _kept(folder, identity, part, numbers)
    left = [(number, strip) for number, strip in own if number not in kept]
    looker = DenseLooker(plan.region, plan.batch, STRIP_PX, None)
    rows = RowsHere(run.mosaic, model, looker, plan, run.settings, run.tally)
    watch, written, failed, done = run.watch(), 0, 0, 0
    pixels = [sum(t.core.height * t.core.width for t in strip.tiles) for _, strip in left]
    with rows.of([strip for _, strip in left]) as seen:
        for (number, strip), size in zip(left, pixels, strict=True):
            row = next(seen)
            watch.require_unchanged()
            cores = [tile.core for tile in strip.tiles]
            written += write_row(folder, identity, part, number, cores, row)
            failed, done = failed + len(row.failed), done + size
            progress(ProgressReport("storing maps", done, sum(pixels), PIXELS))
    return StoredPart(
        output=str(folder),
        part=f"{part.index}/{part.count}",
        tiles=sum(len(strip.tiles) for _, strip in own),
        rows_stored=len(left),
        rows_kept=len(kept),
        failed=failed,
        bytes_written=written,
    )


def _identity(run: Run, model: DenseModel, lattice: Any) -> MapsIdentity:  # noqa: ANN401
    from geoseg.run.spread.stored import MapsIdentity
    from geoseg.run.state.identity import ModelIdentity
    from geoseg.version import __version__

    traits = run.traits
    return MapsIdentity(
        version=__version__,
        mosaic=run.inputs,
        model=ModelIdentity.of(traits),
        name=traits.name,
        heads=tuple(model.heads),
        averaged=traits.averaged,
        lattice=(lattice.core_px, lattice.context_px, lattice.stride_px),
        step=STRIP_PX,
    )


def _require_ours(folder: Path, identity: MapsIdentity, part: Part) -> None:
    """Refuse to work for a folder whose parts would not go together with this one.

    Raises:
        MapsError: They are of another number of parts, or of another run.
    """
    from geoseg.run.spread.stored import MapsFile, files_in

    for path, index, count, _ in files_in(folder):
        if count != part.count:
            raise MapsError(
                f"{folder} holds parts of {count}, and this is one of {part.count}; store all parts with one "
                "--part i/n, and keep other numbers in folders of their own"
            )
        if index == part.index:
            continue  # asked one by one
        try:
            differences = MapsFile.open(path).header.identity.differences(identity)
        except MapsError:
            continue  # damaged: its own job makes it again
        if differences:
            raise MapsError(_OF_ANOTHER.format(path, "; ".join(differences)))
        return


def _kept(folder: Path, identity: MapsIdentity, part: Part, numbers: Sequence[int]) -> list[int]:
    """Of some rows of tiles those whose maps are there and whole; the damaged are counted in the log.

    Raises:
        MapsError: Those of something else are there.
    """
    from geoseg.run.spread.stored import maps_path

    there = [number for number in numbers if maps_path(folder, part, number).exists()]
    kept = [number for number in there if _is_whole(maps_path(folder, part, number), identity)]
    damaged = sorted({*there} - {*kept})
    if damaged:
        _log.warning(_AGAIN, len(damaged), len(there), maps_path(folder, part, damaged[0]))
    return kept


def _is_whole(path: Path, identity: MapsIdentity) -> bool:
    from geoseg.run.spread.stored import MapsFile

    try:
        file = MapsFile.open(path)
    except MapsError:
        return False
    differences = file.header.identity.differences(identity)
    if differences:
        raise MapsError(_OF_ANOTHER.format(path, "; ".join(differences)))
    return file.whole()


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"the folder {folder} cannot be made: {error.strerror}") from error
    return folder


def _raster_of_all(
    source: RasterInput, output: Path, asked: Sequence[str], *, overwrite: bool
) -> StoredPart:
    """Write what a folder holds; nothing that was ``asked`` of how to look at imagery can change it."""
    from geoseg.files.target import check_target
    from geoseg.run.spread.folder import StoredMaps
    from geoseg.run.spread.probability import write_probability

    several = list(source) if isinstance(source, list | tuple) else [source]
    if len(several) > 1:
        raise UsageError(
            f"{output} is a raster of the maps in one folder, and {len(several)} inputs are given; put the files of all "
            "parts into one folder, whichever machines stored them"
        )
    given = several[0] if several else None
    if not isinstance(given, str | os.PathLike) or not Path(given).is_dir():
        raise UsageError(
            f"{output} is a raster of maps that are stored already; give their folder, as in geoseg maps "
            "run/ -o probability.tif"
        )
    if "part" in asked:
        raise UsageError("a raster is made of all parts; leave --part (part) out")
    if asked:
        raise UsageError(
            f"{output} is made of the maps in {given} as they were stored; leave "
            f"{', '.join(map(option_of, asked))} out, or store other maps in another folder"
        )
    check_target(output, RASTERS, overwrite=overwrite)
    stored = StoredMaps.open(Path(given))
    tiles = write_probability(stored, output)
    return StoredPart(
        output=str(output),
        part="",
        tiles=tiles,
        rows_stored=0,
        rows_kept=len(stored.rows),
        failed=stored.failed,
        bytes_written=output.stat().st_size,
    )
