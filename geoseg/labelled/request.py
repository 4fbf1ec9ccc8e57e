"""What is packed, and how."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from geoseg.errors import UsageError
from geoseg.labelled.codes import value_text
from geoseg.settings import require_pixel_size

if TYPE_CHECKING:
    import geopandas as gpd

    from geoseg.raster.given import Nodata
    from geoseg.scenes.scene import Scene
    from geoseg.tiles.given import AreaInput

Tick = Callable[[int, int], None]
"""Told how much is done, and of how much."""
Side = Literal["blocks", "train", "val"]
"""How a place is split: a block of its ground is held out, or all of it goes to one side."""

SMALLEST_CHIP_PX = 256
"""Side of the crops that training draws by default."""
LEAST_KNOWN_PX = 1024
"""Chips with fewer known pixels are left out."""
FINEST_M = 0.2
"""Finer rasters are averaged to this unless a pixel size is asked for: no crop of the shipped
configurations is finer, and the files stay small."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Imagery of one place and its labels."""

    images: tuple[Path, ...]
    """Rasters of one mosaic, or separate images for COCO, masks and YOLO's texts."""
    labels: Path | gpd.GeoDataFrame
    """Polygons (file or table), a COCO file, a mask, a folder of masks, or YOLO's texts."""
    layer: str | None = None
    """Layer of the labels, where the file has several of polygons."""
    place: str = ""
    """Name that scores are reported under; empty: made from the file names."""
    split: Side = "blocks"
    """Whether a block of it is held out, or which side all of it goes to."""
    aoi: AreaInput | None = None
    """Polygons, or bounds: only what lies within is labelled."""
    aoi_layer: str | None = None
    """Layer of ``aoi``, where there are several."""
    ignore: AreaInput | None = None
    """Polygons: nobody knows what lies within."""
    ignore_layer: str | None = None
    """Layer of ``ignore``, where there are several."""
    unknown: gpd.GeoSeries | None = None
    """Ground of which the labels themselves say that nobody knows, beside ``ignore``."""
    context_m: float = 0.0
    """So far around ``aoi`` the photo is kept, as unknown ground, metres."""
    gsd_m: float | None = None
    """Pixel size, metres: rasters are resampled to it, images without a place are taken to have it."""
    licence: str = ""
    """Licence and owner of imagery and labels; training writes it into the model's card."""

    def __post_init__(self) -> None:
        require_pixel_size(self.gsd_m)

    @property
    def name(self) -> str:
        """How messages name the labels."""
        return self.labels.name if isinstance(self.labels, Path) else "the table of labels"


@dataclass(frozen=True, slots=True)
class PackOptions:
    """What holds for all pairs of a data set."""

    val_share: float = 0.2
    """Share of each place's buildings that is held out, 0 to 0.5."""
    margin_m: float = 20.0
    """Width of the ground between training and validation that goes to neither, metres."""
    chip_px: int = 1024
    """Longest side of a scene, pixels."""
    bands: Sequence[int] | None = None
    """Numbers of the red, green and blue band, or of one; None: by colour interpretation."""
    stretch: tuple[float, float] | None = None
    """Numbers that become 0 and 255; None: eight bits as they are, else by percentiles."""
    nodata: Sequence[Nodata] = ()
    """Numbers that are no image, besides what the files declare."""
    keep_blank: bool = False
    """Take large areas of one extreme number as image."""
    category: str | None = None
    """Name of the COCO category that means buildings; None: there is only one."""
    mask_kind: str = "auto"
    """instances: masks hold building numbers; binary: touching buildings are one blob; auto: by what
    they hold."""
    mask_building: tuple[int, ...] | None = None
    """Values of masks that mean building; None: all but 0. Colours are red * 65536 + green * 256 + blue."""
    mask_unknown: tuple[int, ...] = ()
    """Values of masks that mean that nobody knows; where there are 0, 1 and 255, that is 255."""

    def __post_init__(self) -> None:
        if not 0 <= self.val_share <= 0.5:  # noqa: PLR2004 - more would not be a share to hold out
            raise UsageError(f"val-share {self.val_share}: give a share from 0 to 0.5, such as 0.2")
        if not (math.isfinite(self.margin_m) and self.margin_m >= 0):
            raise UsageError(f"margin {self.margin_m}: give metres of ground, such as 20")
        if self.chip_px < SMALLEST_CHIP_PX:
            raise UsageError(
                f"chip-px {self.chip_px}: chips must not be smaller than the crops that training "
                f"draws from them, {SMALLEST_CHIP_PX} px; 1024 is a good size"
            )
        if self.mask_kind not in {"auto", "instances", "binary"}:
            raise UsageError(
                f"mask kind {self.mask_kind!r} is unknown; use auto, instances or binary"
            )
        if self.mask_building is not None and self.mask_kind == "instances":
            raise UsageError(
                "values that mean building make blobs, not instances; leave one of the two out"
            )
        both = set(self.mask_building or ()) & set(self.mask_unknown)
        if both:
            raise UsageError(
                f"the mask value {value_text(min(both))} cannot mean both building and unknown"
            )


@dataclass(frozen=True, slots=True)
class Chip:
    """A scene with what only its polygons could tell."""

    scene: Scene
    """What is written."""
    overlap_m2: float = 0.0
    """Ground that two or more labels claim."""
