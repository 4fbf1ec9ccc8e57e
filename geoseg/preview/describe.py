"""What a mosaic holds, and what a run of the model over it would do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from geoseg.addresses.secrets import without_secrets
from geoseg.earth.ground import affine_mapping, pixel_size
from geoseg.models.protocols import DenseModel, InstanceModel
from geoseg.models.traits import Traits
from geoseg.pages.notebook import table_html
from geoseg.preview.estimate import Estimate, estimate_run
from geoseg.raster import Mosaic, Source
from geoseg.raster.analysis import Placement
from geoseg.raster.sampling import Sample, draw_samples
from geoseg.raster.source import open_dataset
from geoseg.settings import PredictSettings
from geoseg.tiles.plan import lay_lattice
from geoseg.types import Grid

COARSE_FACTOR = 2.0
"""Pixels this much longer than the model's longest deserve a warning. Enlarging by less is part of
what the model does: the built-in one scores the same at 0.53 m as at 0.13 m, see its card."""
BLANK_SHARE = 0.02
"""Share of pure black or white pixels that looks like a missing nodata value."""
LOW_VALID_SHARE = 0.5
"""Below it, the user may want to know."""
NOMINAL_DEVIATION = 0.03
"""Difference between nominal and true pixel size that deserves a word."""
UNEVEN_GSD = 0.05
"""Difference of true pixel sizes within the mosaic that deserves a warning."""
WIDE_PX = 8192
"""Striped rasters wider than this are slow to read elsewhere too."""


@dataclass(frozen=True, slots=True)
class RasterInfo:
    """One raster."""

    path: str
    """As given."""
    width: int
    """Columns, pixels."""
    height: int
    """Rows, pixels."""
    crs: str
    """Authority and code where it has them, else its name."""
    gsd_m: float
    """True size of the pixel at the centre, metres on the ground."""
    bands: int
    """Bands without the alpha band."""
    rgb: tuple[int, int, int]
    """The bands taken as red, green and blue, from 1."""
    rgb_reason: str
    """Why these."""
    dtype: str
    """Data type of these bands."""
    valid_share: float
    """Share of valid pixels, estimated from samples, 0..1."""
    validity: str
    """What says which pixels are valid."""
    layout: str
    """How the pixels lie in the file."""
    resampled: bool
    """Whether its pixels would be resampled."""

    def rows(self) -> list[tuple[str, str]]:
        """Names and texts for a small table."""
        rgb = ", ".join(map(str, dict.fromkeys(self.rgb)))
        return [
            ("raster", self.path),
            ("size", f"{self.width:,} x {self.height:,} px"),
            ("CRS", self.crs),
            ("pixel", f"{self.gsd_m:.3f} m on the ground"),
            ("bands", f"{self.bands} of {self.dtype}, used: {rgb} ({self.rgb_reason})"),
            ("valid", f"about {self.valid_share:.1%} (marked by: {self.validity})"),
            ("layout", self.layout),
        ]


@dataclass(frozen=True, slots=True, repr=False)
class MosaicInfo:
    """All rasters together, and the run."""

    rasters: tuple[RasterInfo, ...]
    """In the order given."""
    grid_width: int
    """Columns of the analysis grid, pixels."""
    grid_height: int
    """Rows of the analysis grid, pixels."""
    grid_crs: str
    """CRS of the analysis grid."""
    grid_gsd_m: float
    """True size of its pixel at the centre, metres on the ground."""
    resampled: bool
    """Whether the first raster's pixels would be resampled."""
    stretch: tuple[float, float] | None
    """Numbers that become 0 and 255; None: eight bits as they are."""
    megapixels: float
    """Pixels of the analysis grid, millions."""
    tiles: int
    """Tiles of the network, those without valid pixels included."""
    tile_px: int
    """Largest side of what the network sees at a time, pixels."""
    overlap_px: int
    """Context within it, to each side, pixels."""
    time: Estimate
    """On this machine's processor, if every tile has valid pixels."""
    warnings: tuple[str, ...]
    """What is worth heeding, a sentence each."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """Names and texts of the run for a small table; the rasters have rows of their own."""
        grid = f"{self.grid_width:,} x {self.grid_height:,} px of {self.grid_gsd_m:.3f} m"
        return [
            ("analysis", f"{grid}, {self.megapixels:,.1f} MP, {self.grid_crs}"),
            ("pixels", "resampled" if self.resampled else "as they are"),
            ("stretch", "none" if self.stretch is None else "{:g} to {:g}".format(*self.stretch)),
            ("tiles", f"{self.tiles:,} of up to {self.tile_px:,} px"),
            ("time", str(self.time)),
        ]

    def __repr__(self) -> str:
        number = len(self.rasters)
        rasters = "1 raster" if number == 1 else f"{number} rasters"
        return (
            f"MosaicInfo({rasters}, {self.grid_width:,} x {self.grid_height:,} px of "
            f"{self.grid_gsd_m:.3f} m, {self.tiles:,} tiles, {len(self.warnings)} warnings)"
        )

    def _repr_html_(self) -> str:
        rasters = [row for raster in self.rasters for row in raster.rows()]
        return table_html([*rasters, *self.rows()], self.warnings)


def describe(
    sources: Sequence[str | Path],
    traits: Traits,
    settings: PredictSettings,
    *,
    measure: DenseModel | InstanceModel | None = None,
) -> MosaicInfo:
    """Look at a mosaic without running anything.

    Args:
        sources: Paths or URLs of the rasters.
        traits: Of the model, whose range, context and stride count.
        settings: Of the run.
        measure: Run this model on one tile, to say how long a run takes.
    """
    with Mosaic.open(
        sources,
        gsd_range_m=traits.gsd_m,
        gsd_m=settings.gsd_m,
        bands=settings.bands,
        stretch=settings.stretch,
    ) as mosaic:
        samples = draw_samples(mosaic.sources)
        grid, pairs = mosaic.grid, list(zip(mosaic.placements, samples, strict=True))
        lattice = lay_lattice(grid, traits, settings)
        tta = traits.tta if settings.tta is None else settings.tta
        return MosaicInfo(
            rasters=tuple(_describe_raster(*pair) for pair in pairs),
            grid_width=grid.width,
            grid_height=grid.height,
            grid_crs=_crs_name(grid.crs),
            grid_gsd_m=grid.gsd_m,
            resampled=mosaic.resampled,
            stretch=mosaic.stretch,
            megapixels=grid.width * grid.height / 1e6,
            tiles=lattice.tile_count,
            tile_px=lattice.core_px + 2 * lattice.context_px,
            overlap_px=lattice.context_px,
            time=estimate_run(lattice, measure, tta=tta),
            warnings=tuple(_all_warnings(mosaic, samples, traits.gsd_m)),
        )


def _describe_raster(placement: Placement, sample: Sample) -> RasterInfo:
    source = placement.source
    return RasterInfo(
        path=without_secrets(source.path),
        width=source.width,
        height=source.height,
        crs=_crs_name(source.crs),
        gsd_m=source.pixel.gsd_m,
        bands=source.count,
        rgb=source.bands.rgb,
        rgb_reason=source.bands.reason,
        dtype=source.dtype,
        valid_share=sample.valid_share,
        validity=_validity(source),
        layout=_layout(source),
        resampled=not placement.native,
    )


def _crs_name(crs: Any) -> str:  # noqa: ANN401 - pyproj's CRS
    authority = crs.to_authority()
    return f"{':'.join(authority)} ({crs.name})" if authority else str(crs.name)


def _validity(source: Source) -> str:
    """All that says which pixels are valid, in words."""
    marks = []
    if any(value is not None for value in source.nodata):
        marks.append(f"nodata {next(v for v in source.nodata if v is not None):g}")
    if source.bands.alpha is not None:
        marks.append(f"alpha band {source.bands.alpha}")
    if source.has_mask:
        marks.append("mask")
    return ", ".join(marks) or "none"


def _layout(source: Source) -> str:
    """Tiles or strips, compression, overviews."""
    with open_dataset(source.path) as dataset:
        structure = dataset.tags(ns="IMAGE_STRUCTURE")
        overviews = len(dataset.overviews(source.bands.rgb[0]))
    parts = [_blocks(source)]
    if structure.get("LAYOUT") == "COG":
        parts.insert(0, "COG")
    parts.append(structure.get("COMPRESSION", "uncompressed"))
    parts.append(f"{overviews} overviews" if overviews else "no overviews")
    return ", ".join(parts)


def _blocks(source: Source) -> str:
    if source.block_width >= source.width:
        return f"striped ({source.block_height} rows)"
    return f"tiled ({source.block_width} x {source.block_height})"


def _all_warnings(
    mosaic: Mosaic, samples: Sequence[Sample], gsd_range_m: tuple[float, float] | None
) -> Iterator[str]:
    for placement, sample in zip(mosaic.placements, samples, strict=True):
        yield from _raster_warnings(placement.source, sample)
        if not placement.native and placement is not mosaic.placements[0] and not mosaic.resampled:
            yield (
                f"{placement.source.name} does not lie on the pixels of "
                f"{mosaic.sources[0].name} and is resampled onto them"
            )
    yield from _gsd_warnings(mosaic, gsd_range_m)


def _raster_warnings(source: Source, sample: Sample) -> Iterator[str]:
    name = source.name
    if sample.unreadable:
        yield f"{name}: {len(sample.unreadable)} of the samples cannot be read: {sample.unreadable[0]}"
    elif sample.valid_share < LOW_VALID_SHARE:
        yield f"{name}: only about {sample.valid_share:.0%} of its pixels are valid"
    if _validity(source) == "none":
        yield from _blank_warnings(source, sample)
    if source.striped and source.width > WIDE_PX:
        yield (
            f"{name} is striped; a tiled copy reads faster: gdal_translate -co TILED=YES "
            "-co COMPRESS=DEFLATE"
        )
    if source.bands.doubt is not None:
        yield f"{name}: bands {source.bands.numbers} are {source.bands.doubt}"
    nominal = _nominal_m(source)
    if nominal is not None and abs(nominal / source.pixel.gsd_m - 1) > NOMINAL_DEVIATION:
        yield (
            f"{name}: its pixels are nominally {nominal:.3g} m but {source.pixel.gsd_m:.3g} m on the "
            "ground; geoseg uses the true size, and areas are true"
        )


def _blank_warnings(source: Source, sample: Sample) -> Iterator[str]:
    top = np.iinfo(source.dtype).max if source.dtype.startswith("uint") else None
    for value, color in ((0, "black"), (top, "white")):
        if value is None or not sample.numbers.size:
            continue
        share = float((sample.numbers == value).all(axis=0).mean())
        if share > BLANK_SHARE:
            yield (
                f"{source.name}: about {share:.0%} of its pixels are pure {color} and count as "
                f"image; where they are no image, say so: rio edit-info --nodata {value} on a copy"
            )


def _nominal_m(source: Source) -> float | None:
    """The pixel size that the transform claims, metres; None for degrees."""
    if not source.crs.is_projected:
        return None
    t = source.transform
    side = abs(t.a * t.e - t.b * t.d) ** 0.5
    return float(side * source.crs.axis_info[0].unit_conversion_factor)


def _gsd_warnings(mosaic: Mosaic, gsd_range_m: tuple[float, float] | None) -> Iterator[str]:
    native = mosaic.sources[0].pixel.gsd_m
    if gsd_range_m is not None and native > COARSE_FACTOR * gsd_range_m[1]:
        yield (
            f"pixels of {native:.2g} m are enlarged {native / gsd_range_m[1]:.1f} times to the "
            f"model's {gsd_range_m[1]:g} m, and detail that is not in the image cannot be regained: "
            "small buildings will be missed and neighbours merged"
        )
    low, high = _gsd_extremes(mosaic.grid)
    if high / low - 1 > UNEVEN_GSD:
        yield (
            f"the mosaic is so large that its pixels vary from {low:.3g} to {high:.3g} m on the "
            "ground; split it by region for even results"
        )


def _gsd_extremes(grid: Grid) -> tuple[float, float]:
    """Smallest and largest true pixel size at the corners and the centre."""
    to_xy = affine_mapping(grid.transform)
    places = [(c, r) for c in (0, grid.width) for r in (0, grid.height)]
    sizes = [pixel_size(grid.crs, to_xy, col, row).gsd_m for col, row in places]
    return min([*sizes, grid.gsd_m]), max([*sizes, grid.gsd_m])
