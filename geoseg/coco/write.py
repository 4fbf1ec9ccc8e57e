"""Buildings to COCO."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import shapely
from rasterio.features import rasterize
from shapely.affinity import affine_transform

from geoseg.coco.document import number_of
from geoseg.coco.images import Image, read_images, require_once
from geoseg.coco.rle import encode_crop
from geoseg.earth.reproject import reproject
from geoseg.errors import UsageError
from geoseg.files.atomic import output_errors, write_text
from geoseg.files.target import check_target, require_other
from geoseg.keywords import checked_keywords
from geoseg.languages.counting import counted, listed
from geoseg.pages.notebook import Shown
from geoseg.vectors.layers import VectorInput
from geoseg.vectors.load import load
from geoseg.vectors.rows import REPAIRED, refuse_unusable_rows, usable
from geoseg.vectors.standing import only_standing

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry import MultiPolygon, Polygon

CATEGORY = {"id": 1, "name": "building", "supercategory": ""}
Masks = Literal["polygons", "rle"]
"""How buildings are stored."""
DIGITS = 2
"""Decimals of pixel coordinates."""


@dataclass(frozen=True, slots=True, repr=False)
class Exported(Shown):
    """What went into a COCO file."""

    annotations: int
    """Written; a building on two images counts twice."""
    outside: int
    """Buildings that touch none of the images."""
    repaired: int = 0
    """Buildings whose outlines were invalid and were repaired."""
    without_geometry: int = 0
    """Rows without a polygon that has an area and a place on the Earth: left out."""
    too_small: int = 0
    """Buildings that hold no pixel's centre, where they are written as masks."""
    no_score: int = 0
    """Confidences that are no numbers: left out."""
    gone: int = 0
    """Buildings that an update found gone: left out."""

    def as_dict(self) -> dict[str, int]:
        """Plain values for JSON."""
        return asdict(self)

    def in_words(self) -> list[tuple[str, str]]:
        """Names and texts for a small table."""
        left = listed(
            (self.outside, "outside of all rasters"),
            (self.without_geometry, "without a geometry"),
            (self.too_small, "without a pixel"),
            (self.gone, "gone by the column decision"),
        )
        mended = listed(
            (self.repaired, "invalid outline", "invalid outlines"),
            (self.no_score, "confidence that is no number", "confidences that are no numbers"),
        )
        return [("annotations", f"{self.annotations:,}"), ("left out", left), ("mended", mended)]


@checked_keywords
def to_coco(
    buildings: VectorInput,
    output: str | Path,
    rasters: str | Path | Sequence[str | Path],
    *,
    layer: str | None = None,
    masks: Masks = "polygons",
    overwrite: bool = False,
) -> Exported:
    """Write buildings as COCO annotations in the pixels of rasters.

    Coordinates count from the upper left corner of the upper left pixel. Buildings are cut off at a
    raster's border. Images are named by their files, with as many folders as tell them apart. A polygon of COCO has no holes, so buildings with courtyards are always written
    as RLE.

    Args:
        buildings: A vector file of any format, or a GeoDataFrame with a CRS.
        output: The JSON file.
        rasters: The images; every building is written for each image that it touches.
        layer: Layer of the buildings; None takes ``buildings`` or the only one.
        masks: "polygons", or "rle" for all buildings.
        overwrite: Replace ``output`` if it is there already.

    Raises:
        UsageError: no building touches an image, or an option cannot be used.
        UnreadableVectorError: there is no such file or layer, it holds no polygons, or has no CRS.
        UnreadableRasterError: a raster cannot be opened.
        OutputExistsError: the file is there and may not be replaced.
    """
    if masks not in get_args(Masks):
        raise UsageError(f"masks must be one of {', '.join(get_args(Masks))}, got {masks!r}")
    target = check_target(Path(output), [".json"], overwrite=overwrite)
    loaded = load(buildings, "buildings", layer=layer, preferred="buildings")
    every, gone = only_standing(loaded.frame)
    rows = usable(np.array(every.geometry.array, dtype=object), loaded.crs)
    refuse_unusable_rows(rows.counts, int(rows.kept.sum()), loaded.label)
    empty = ~rows.kept
    frame = every[~empty].set_geometry(rows.geometry[~empty], crs=loaded.crs)
    images = read_images(rasters)
    require_once(images)
    require_other(target, [buildings, *(image.path for image in images)])
    extras, no_score = _extras(frame)
    annotations: list[dict[str, Any]] = []
    placed: set[int] = set()
    small: set[int] = set()
    for number, image in enumerate(images, start=1):
        for place, found in _annotations(frame, image, rle_only=masks == "rle"):
            if found is None:
                small.add(place)
                continue
            about = {"id": len(annotations) + 1, "image_id": number}
            annotations.append({**about, **found, **extras[place]})
            placed.add(place)
    small -= placed
    if len(frame) and not placed | small:
        raise UsageError(
            f"of {counted(len(frame), 'building')} none touches {', '.join(image.path for image in images)}; name the "
            "rasters that they were found in with --raster"
        )
    content = {
        "info": {"description": "Buildings by geoseg"},
        "images": [image.entry(number) for number, image in enumerate(images, start=1)],
        "categories": [CATEGORY],
        "annotations": annotations,
    }
    with output_errors(target):
        write_text(json.dumps(content), target)
    return Exported(
        len(annotations),
        outside=len(frame) - len(placed) - len(small),
        repaired=rows.counts[REPAIRED],
        without_geometry=int(empty.sum()),
        too_small=len(small),
        no_score=no_score,
        gone=gone,
    )


def _extras(frame: gpd.GeoDataFrame) -> tuple[list[dict[str, Any]], int]:
    """What is known of every row besides its outline, and how many confidences are no numbers."""
    rows: list[dict[str, Any]] = [{} for _ in range(len(frame))]
    no_score = 0
    for name, key in (
        ("building_id", "building_id"),
        ("area_m2", "area_m2"),
        ("confidence", "score"),
    ):
        if name not in frame.columns:
            continue
        for row, value in zip(rows, frame[name].astype(object), strict=True):
            plain = _plain(value)
            if key == "score" and plain is not None:
                number = number_of(plain)
                no_score += number is None
                plain = None if number is None else round(number, 6)
            if plain is not None:
                row[key] = plain
    return rows, no_score


def _plain(value: Any) -> Any:  # noqa: ANN401 - of a column of any type
    """A value for JSON; None where it is missing."""
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and not np.isfinite(plain):
        return None
    return plain if isinstance(plain, str | int | float) else None


def _annotations(
    frame: gpd.GeoDataFrame, image: Image, *, rle_only: bool
) -> Iterator[tuple[int, dict[str, Any] | None]]:
    """Place in the frame and annotation of every building on the image; None: without a pixel."""
    geometry = reproject(np.asarray(frame.geometry.array, object), frame.crs, image.crs)
    inverse = ~image.transform
    matrix = [inverse.a, inverse.b, inverse.d, inverse.e, inverse.c, inverse.f]
    whole = shapely.box(0, 0, image.width, image.height)
    for place, one in enumerate(geometry):
        if one is None or one.is_empty:
            continue
        drawn = shapely.make_valid(affine_transform(shapely.force_2d(one), matrix))
        shape = shapely.intersection(drawn, whole)
        if shape.area > 0:
            yield place, _annotation(shape, image, rle_only=rle_only)


def _annotation(
    shape: Polygon | MultiPolygon, image: Image, *, rle_only: bool
) -> dict[str, Any] | None:
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    if not parts:
        return None
    left, top, right, bottom = shape.bounds
    common = {
        "category_id": CATEGORY["id"],
        "bbox": [round(value, DIGITS) for value in (left, top, right - left, bottom - top)],
        "area": round(shape.area, DIGITS),
        "iscrowd": 0,
    }
    if rle_only or any(len(part.interiors) for part in parts):
        rle = _as_rle(parts, image)
        return None if rle is None else {**common, "segmentation": rle}
    return {**common, "segmentation": [_as_ring(part) for part in parts]}


def _as_ring(part: Polygon) -> list[float]:
    corners = shapely.get_coordinates(part.exterior)[:-1]
    flat: list[float] = np.round(corners, DIGITS).ravel().tolist()
    return flat


def _as_rle(parts: list[Polygon], image: Image) -> dict[str, Any] | None:
    """Pixels whose centres lie inside; None where there is none."""
    left, top, right, bottom = shapely.MultiPolygon(parts).bounds
    col, row = int(left), int(top)
    shape = (int(np.ceil(bottom)) - row, int(np.ceil(right)) - col)
    moved = [shapely.transform(part, lambda xy: xy - (col, row)) for part in parts]
    mask = rasterize(moved, out_shape=shape, dtype=np.uint8) > 0
    return encode_crop(mask, row, col, (image.height, image.width)) if mask.any() else None
