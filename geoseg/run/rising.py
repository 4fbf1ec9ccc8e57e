"""Candidates and a surface model: what does not rise goes, what is faint and rises stays.

This comes last, when all candidates are known: what a building's neighbours cover is no open ground, and
which of them a strip holds must not show. Every candidate is judged by its own numbers alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.errors import UnreadableRasterError, UsageError
from geoseg.export.layer import LayerInfo, horizontal_crs
from geoseg.export.schema import SCHEMA
from geoseg.heights.finding import HeightInput, find, grounds
from geoseg.heights.layer import batches_of, described, layer_of
from geoseg.heights.measuring import COVERAGE, HEIGHT, ROUGH
from geoseg.heights.outcome import Heights, outcome
from geoseg.heights.store import Footprints, of_batches, written
from geoseg.heights.vegetation import GreenBands, bands_of, green_share
from geoseg.progress import Progress
from geoseg.raster.identity import SourceIdentity
from geoseg.raster.source import Source

FAINT_RISES_M = 2.5
"""Candidates below the confidence that is asked for, and buildings all the same, rise by so much."""
FAINT_COVERAGE = 0.5
"""Of them, so much of the surface must be known."""
EVEN_M = 0.4
"""And their roof is as even as this."""
ROUGH_M = 0.5
"""Treetops are rougher than this."""
LEAFY = 0.5
"""Of a treetop so much is green: a roof stands under no more than some branches."""
BARE = 0.1
"""What is less green is no treetop, however rough."""
SURE = 0.6
"""Candidates of this confidence are no trees, however rough."""


@dataclass(frozen=True, slots=True)
class Rising:
    """A surface that speaks for and against candidates."""

    given: HeightInput
    """What heights are taken from."""
    min_height_m: float
    """What rises by less is no building; 0: nothing goes for its height."""
    nir: int | None
    """Number of the photo's band of near infrared; None: as each raster states."""
    green: GreenBands
    """Of every raster of the photo, the bands that tell plants; empty until it is open."""
    identities: tuple[SourceIdentity, ...]
    """The rasters as they were when the run began."""

    @classmethod
    def of(cls, given: HeightInput, min_height_m: float, nir: int | None = None) -> Self:
        """Look at the rasters.

        Raises:
            GeosegError: one cannot be opened or holds no heights.
            UsageError: the height is none.
        """
        if not (math.isfinite(min_height_m) and min_height_m >= 0):
            raise UsageError(
                f"--min-height (min_height_m): give metres, 0 or more; got {min_height_m}"
            )
        return cls(given, min_height_m, nir, (), _identities(given))

    def parameters(self) -> dict[str, Any]:
        """What of it bears on the result, for resuming."""
        return {
            "surface": [identity.model_dump(mode="json") for identity in self.identities],
            "surface_kinds": [self.given.dsm is not None, self.given.dtm is not None],
            "height_unit": self.given.unit,
            "min_height_m": self.min_height_m,
        } | ({} if self.nir is None else {"nir": self.nir})

    def over(self, photo: Sequence[Source]) -> Self:
        """The same, once it is known which bands of the photo tell plants from roofs.

        Raises:
            UsageError: a raster has no band ``nir``.
        """
        return replace(self, green=bands_of(photo, self.nir))

    def judge(
        self,
        candidates: Iterable[pa.RecordBatch],
        photo: Sequence[Source],
        crs: CRS,
        least: float,
        progress: Progress,
        scratch: Path | None,
        confirmed: NDArray[np.int64] | None = None,
    ) -> Risen:
        """Measure all candidates and decide on each.

        Args:
            candidates: Of the contract's schema, in the final order.
            photo: The rasters that they were found in.
            crs: Of their outlines.
            least: The confidence that is asked for.
            progress: Told how far it is.
            scratch: A folder for what need not be in memory; None: all may.
            confirmed: Ids of buildings that people confirmed, which stay.

        Raises:
            UnreadableRasterError: a raster cannot be read, or was changed since the run began.
        """
        flat = horizontal_crs(crs)
        if scratch is None:
            kept = of_batches("the candidates", flat, SCHEMA, list(candidates))
        else:
            kept = written(scratch, "the candidates", flat, SCHEMA, candidates)
        with grounds(self.given) as ground:
            numbers = find(kept, ground, progress)
            confidence = _column(kept, "confidence")
            green = green_share(kept, photo, self.green)
            verdict = _verdict(numbers, green, confidence, least=least, low_m=self.min_height_m)
            if confirmed is not None:
                ids = _column(kept, "building_id").astype(np.int64)
                verdict[np.isin(ids, confirmed)] = ""
            told = outcome(numbers[verdict == ""], ground, None)
            names = {
                **described(ground),
                "nir_bands": sorted({pair[1] for pair in self.green if pair}),
            }
            above = ground.above_ground
        if _identities(self.given) != self.identities:
            raise UnreadableRasterError(
                "the surface was changed while the run went on; put the file back as it was and go on with "
                "--resume, or start afresh with --overwrite"
            )
        return Risen(kept, numbers, verdict, told, names, has_ground=not above)


@dataclass(frozen=True, slots=True)
class Risen:
    """Candidates with their numbers, and what became of each."""

    candidates: Footprints
    numbers: NDArray[np.float64]
    """(candidates, NUMBERS)."""
    verdict: NDArray[np.str_]
    """(candidates,) why it goes; empty: it stays."""
    told: Heights
    """Counts of those that stay, and warnings."""
    names: dict[str, Any]
    """The rasters, for the record."""
    has_ground: bool
    """Elevations of the ground are known."""

    @property
    def dropped(self) -> Counter[str]:
        """Reason to number of candidates."""
        return Counter(self.verdict[self.verdict != ""].tolist())

    def record(self) -> dict[str, Any]:
        """What the metadata say of it."""
        counts = {k: v for k, v in self.told.as_dict().items() if k != "output"}
        return {**self.names, **counts}

    def layer(self, record: dict[str, Any] | None, extent: list[bytes] | None) -> LayerInfo:
        """The layer of those that stay."""
        info, _ = layer_of(self.candidates, mixed=True, record=record, extent=extent)
        return info

    def batches(self, layer: LayerInfo) -> Iterator[pa.RecordBatch]:
        """Those that stay, with their heights."""
        all_of_them = batches_of(
            self.candidates, self.numbers, layer, multi=False, has_ground=self.has_ground
        )
        for begin, batch in zip(self.candidates.begins, all_of_them, strict=False):
            stays = self.verdict[begin : begin + batch.num_rows] == ""
            yield batch.filter(pa.array(stays))


def _verdict(
    numbers: NDArray[np.float64],
    green: NDArray[np.float64],
    confidence: NDArray[np.float64],
    *,
    least: float,
    low_m: float,
) -> NDArray[np.str_]:
    """(n,) "flat", "trees", "unlikely", or "" for what stays."""
    height, rough = numbers[:, HEIGHT], numbers[:, ROUGH]
    known = np.isfinite(height)
    with np.errstate(invalid="ignore"):
        flat = known & (height < low_m) & (low_m > 0)
        leafy = (green >= LEAFY) & (rough > EVEN_M)
        bare = green < BARE
        trees = known & (leafy | ((rough > ROUGH_M) & ~bare)) & (confidence < SURE)
        rises = (height >= max(FAINT_RISES_M, low_m)) & (rough <= EVEN_M) & ~(green >= LEAFY)
        rises &= numbers[:, COVERAGE] >= FAINT_COVERAGE
    unlikely = (confidence < least) & ~rises
    return np.select([flat, trees, unlikely], ["flat", "trees", "unlikely"], "").astype(np.str_)


def _column(candidates: Footprints, name: str) -> NDArray[np.float64]:
    parts = [batch.column(name).to_numpy().astype(np.float64) for batch in candidates]
    return np.concatenate([np.zeros(0), *parts])


def _identities(given: HeightInput) -> tuple[SourceIdentity, ...]:
    with grounds(given) as ground:
        return tuple(SourceIdentity.of(raster.source) for raster in ground.rasters)
