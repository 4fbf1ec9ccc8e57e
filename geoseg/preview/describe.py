"""What a mosaic holds, and what a run of the model over it would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from geoseg.earth.crs import code_and_name
from geoseg.languages.counting import counted
from geoseg.models.averaged import averaged_if, views_of
from geoseg.models.protocols import DenseModel, InstanceModel
from geoseg.models.traits import Traits
from geoseg.pages.notebook import table_html
from geoseg.preview.estimate import Estimate, estimate_run
from geoseg.preview.pace import Pace
from geoseg.raster import Mosaic, Source
from geoseg.raster.advice import declared_marks, fill_text, mosaic_warnings
from geoseg.raster.analysis import Placement
from geoseg.raster.jpeg import jpeg_warnings
from geoseg.raster.sampling import Glance
from geoseg.raster.services import shown
from geoseg.raster.source import open_dataset
from geoseg.settings import PredictSettings
from geoseg.tiles.area import Area
from geoseg.tiles.given import GivenArea
from geoseg.tiles.plan import lay_lattice


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
    blank_share: float
    """Share of those left out as blank though the file does not say so, 0..1, from the same."""
    validity: str
    """What says which pixels are valid."""
    layout: str
    """How the pixels lie in the file."""
    resampled: bool
    """Whether its pixels would be resampled."""

    def in_words(self) -> list[tuple[str, str]]:
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
    """Tiles of the network, those without valid pixels included; with an area of interest, its own."""
    tile_px: int
    """Largest side of what the network sees at a time, pixels."""
    overlap_px: int
    """Context within it, to each side, pixels."""
    runtime: str
    """What would run the network: openvino, torch or onnxruntime; empty: the model does not say."""
    precision: str
    """In what it would compute, such as fp32; int8 that nobody tried on this processor yet is tried by the first
    run, which may refuse it or, where it was not asked for, take fp32; empty: the model does not say."""
    views: int
    """In how many views it would look: 2 are the image and itself turned by half, averaged."""
    time: Estimate
    """On this machine's processor, if every tile has valid pixels."""
    warnings: tuple[str, ...]
    """What is worth heeding, a sentence each."""

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    def in_words(self) -> list[tuple[str, str]]:
        """Names and texts of the run for a small table; the rasters have rows of their own."""
        grid = f"{self.grid_width:,} x {self.grid_height:,} px of {self.grid_gsd_m:.3f} m"
        views = "in one view" if self.views == 1 else f"in {self.views} views"
        return [
            ("analysis", f"{grid}, {self.megapixels:,.1f} MP, {self.grid_crs}"),
            ("pixels", "resampled" if self.resampled else "as they are"),
            ("stretch", "none" if self.stretch is None else "{:g} to {:g}".format(*self.stretch)),
            ("tiles", f"{self.tiles:,} of up to {self.tile_px:,} px"),
            ("network", ", ".join(filter(None, (self.runtime, self.precision, views)))),
            ("time", str(self.time)),
        ]

    def __repr__(self) -> str:
        rasters = counted(len(self.rasters), "raster")
        return (
            f"MosaicInfo({rasters}, {self.grid_width:,} x {self.grid_height:,} px of "
            f"{self.grid_gsd_m:.3f} m, {counted(self.tiles, 'tile')}, "
            f"{counted(len(self.warnings), 'warning')})"
        )

    def _repr_html_(self) -> str:
        rasters = [row for raster in self.rasters for row in raster.in_words()]
        return table_html([*rasters, *self.in_words()], self.warnings)


def describe(
    sources: Sequence[str | Path],
    traits: Traits,
    settings: PredictSettings,
    *,
    area: GivenArea | None = None,
    loaded: DenseModel | InstanceModel | None = None,
    measure: bool = False,
    pace: Pace | None = None,
) -> MosaicInfo:
    """Look at a mosaic without running anything.

    Args:
        sources: Paths or URLs of the rasters.
        traits: Of the model, whose range, context and stride count.
        settings: Of the run.
        area: Area of interest, whose tiles alone are counted; None: all are.
        loaded: The model; None: it was not needed to tell its traits.
        measure: Run the model, which must be loaded, on one tile, to say how long a run takes.
        pace: What whole runs took on this machine; None: nobody knows.
    """
    with Mosaic.open(
        sources,
        gsd_range_m=traits.gsd_m,
        gsd_m=settings.gsd_m,
        bands=settings.bands,
        stretch=settings.stretch,
        nodata=settings.nodata or (),
        keep_blank=settings.keep_blank,
    ) as mosaic:
        grid, pairs = mosaic.grid, zip(mosaic.placements, mosaic.glances, strict=True)
        wanted = None if area is None else Area.of(area, grid, mosaic.output_crs)
        needed = None if wanted is None else wanted.window(grid)
        enlarged = mosaic.enlarged
        averaged = traits.averages(settings.tta, enlarged=enlarged)
        seen = None if loaded is None else averaged_if(loaded, settings.tta, enlarged=enlarged)
        lattice = lay_lattice(grid, replace(traits, averaged=averaged), settings, needed)
        tiles = lattice.tile_count if wanted is None else int(wanted.tiles(lattice).sum())
        return MosaicInfo(
            rasters=tuple(_describe_raster(mosaic, *pair) for pair in pairs),
            grid_width=grid.width,
            grid_height=grid.height,
            grid_crs=code_and_name(grid.crs),
            grid_gsd_m=grid.gsd_m,
            resampled=mosaic.resampled,
            stretch=mosaic.stretch,
            megapixels=grid.width * grid.height / 1e6,
            tiles=tiles,
            tile_px=lattice.core_px + 2 * lattice.context_px,
            overlap_px=lattice.context_px,
            runtime=traits.runtime.partition(" ")[0],
            precision=traits.precision,
            views=views_of(averaged=averaged),
            time=estimate_run(
                lattice,
                seen if measure else None,
                tta=averaged,
                precision=traits.precision,
                share=tiles / lattice.tile_count,
                pace=pace,
            ),
            warnings=(*mosaic_warnings(mosaic, traits.gsd_m), *jpeg_warnings(mosaic.sources)),
        )


def _describe_raster(mosaic: Mosaic, placement: Placement, glance: Glance) -> RasterInfo:
    source = placement.source
    return RasterInfo(
        path=shown(source.path),
        width=source.width,
        height=source.height,
        crs=code_and_name(source.crs),
        gsd_m=source.pixel.gsd_m,
        bands=source.count,
        rgb=source.bands.rgb,
        rgb_reason=source.bands.reason,
        dtype=source.dtype,
        valid_share=glance.valid_share,
        blank_share=glance.blank_share,
        validity=_validity(mosaic, source),
        layout=_layout(source),
        resampled=not placement.native,
    )


def _validity(mosaic: Mosaic, source: Source) -> str:
    """All that says which pixels are valid, in words."""
    marks = [*declared_marks(source), *(fill_text(fill) for fill in mosaic.fills)]
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
    parts.append(counted(overviews, "overview") if overviews else "no overviews")
    return ", ".join(parts)


def _blocks(source: Source) -> str:
    if source.block_width >= source.width:
        return f"striped ({counted(source.block_height, 'row')})"
    return f"tiled ({source.block_width} x {source.block_height})"
