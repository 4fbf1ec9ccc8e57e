"""COCO to buildings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import shapely
from affine import Affine
from rasterio.features import shapes

from geoseg.coco.images import Image, read_images
from geoseg.coco.rle import decode_crop
from geoseg.errors import UnreadableVectorError, UsageError
from geoseg.export.output import open_output, write_frame
from geoseg.keywords import checked_keywords
from geoseg.pages.notebook import Shown

if TYPE_CHECKING:
    import geopandas as gpd
    from pyproj import CRS

LEAST_CORNERS = 3
NEEDED = {"images": ("id", "file_name", "height", "width"), "annotations": ("id", "image_id")}
"""Keys without which an entry says nothing."""


@dataclass(frozen=True, slots=True, repr=False)
class Imported(Shown):
    """What came out of a COCO file."""

    buildings: int
    """Rows written: annotations with a geometry."""
    output: Path
    """The file that was written."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"buildings": self.buildings, "output": str(self.output)}


@overload
def from_coco(
    coco: str | Path,
    output: None = None,
    *,
    rasters: str | Path | Sequence[str | Path],
    overwrite: bool = False,
) -> gpd.GeoDataFrame: ...


@overload
def from_coco(
    coco: str | Path,
    output: str | Path,
    *,
    rasters: str | Path | Sequence[str | Path],
    overwrite: bool = False,
) -> Imported: ...


@checked_keywords
def from_coco(
    coco: str | Path,
    output: str | Path | None = None,
    *,
    rasters: str | Path | Sequence[str | Path],
    overwrite: bool = False,
) -> gpd.GeoDataFrame | Imported:
    """Read COCO annotations as polygons on the ground.

    Args:
        coco: The JSON file; masks as polygons or RLE, compressed or not.
        output: File to write (.gpkg, .geojson, .fgb, .parquet), as layer ``buildings``; None
            returns a GeoDataFrame.
        rasters: The images, matched by file name; a single raster and a single image always match.
        overwrite: Replace ``output`` if it is there already.

    Returns:
        One row per annotation with a geometry (Polygon, or MultiPolygon where the mask has several
        parts), ``coco_id``, ``image``, ``category``, ``score`` (NaN where there is none), and
        ``building_id`` where the file has it, in the CRS of the first raster. With ``output`` their
        number.

    Raises:
        UsageError: an argument cannot be used, or an image that has annotations is not given.
        UnreadableVectorError: the file is missing or no COCO file.
        UnreadableRasterError: a raster cannot be opened.
        OutputExistsError: ``output`` is there already and may not be replaced.
        OutputError: it cannot be written.
    """
    target = None if output is None else open_output(output, overwrite=overwrite)
    content, images = load_coco(Path(coco)), read_images(rasters)
    frame = _frame(content, _match(content, images, Path(coco)), images[0].crs)
    if target is None or output is None:
        return frame
    return Imported(write_frame(frame, target), Path(output))


def load_coco(path: Path) -> dict[str, Any]:
    """The content of a COCO file.

    Raises:
        UnreadableVectorError: it is missing, no JSON, or lacks images or annotations.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnreadableVectorError(f"{path} cannot be read: {error.strerror}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UnreadableVectorError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict) or not {"images", "annotations"} <= content.keys():
        raise UnreadableVectorError(
            f"{path} is not a COCO file: it needs 'images' and 'annotations'; lists of results "
            "alone name no images"
        )
    for kind, keys in NEEDED.items():
        _require(content[kind], kind, keys, path)
    return content


def _require(entries: Any, kind: str, keys: tuple[str, ...], path: Path) -> None:  # noqa: ANN401  # JSON
    """Refuse entries that lack a key."""
    listed = entries if isinstance(entries, list) else [None]
    for place, entry in enumerate(listed):
        lacking = [key for key in keys if not isinstance(entry, dict) or key not in entry]
        if lacking:
            raise UnreadableVectorError(
                f"{path} is not a COCO file: number {place + 1} of its {kind} has no {lacking[0]!r}"
            )


def _match(content: dict[str, Any], images: list[Image], path: Path) -> dict[int, Image]:
    """The raster of every image id that has annotations."""
    if len(images) == 1 and len(content["images"]) == 1:
        named = {content["images"][0]["id"]: images[0]}
    else:
        by_name = {image.path.name: image for image in images}
        entries = ((entry["id"], Path(entry["file_name"]).name) for entry in content["images"])
        named = {number: by_name[name] for number, name in entries if name in by_name}
    names = {entry["id"]: entry["file_name"] for entry in content["images"]}
    missing = {one["image_id"] for one in content["annotations"]} - named.keys()
    if missing:
        name = names.get(min(missing), f"image {min(missing)}")
        raise UsageError(
            f"{path} has annotations for {name} ({len(missing)} such images), but no such raster "
            "was given; name it with --raster"
        )
    for entry in content["images"]:
        image = named.get(entry["id"])
        if image and (entry["height"], entry["width"]) != (image.height, image.width):
            raise UsageError(
                f"{entry['file_name']} has {entry['height']} x {entry['width']} pixels in {path}, "
                f"the raster {image.path} has {image.height} x {image.width}"
            )
    return named


def _frame(content: dict[str, Any], places: dict[int, Image], crs: CRS) -> gpd.GeoDataFrame:
    import geopandas as gpd
    import pandas as pd

    names = {one["id"]: one["name"] for one in content.get("categories", [])}
    rows, geometry = [], []
    for one in content["annotations"]:
        image = places[one["image_id"]]
        shape = annotation_shape(one.get("segmentation"), one["id"], (image.height, image.width))
        if shape is None:
            continue
        there = gpd.GeoSeries([_on_ground(shape, image.transform)], crs=image.crs).to_crs(crs)
        geometry.append(there.iloc[0])
        rows.append(
            {
                "coco_id": one["id"],
                "image": image.path.name,
                "category": names.get(one.get("category_id"), "building"),
                "score": float(one.get("score", np.nan)),
                **({"building_id": one["building_id"]} if "building_id" in one else {}),
            }
        )
    columns = ["coco_id", "image", "category", "score"]
    table = pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)
    return gpd.GeoDataFrame(table, geometry=geometry, crs=crs)


def _on_ground(shape: shapely.Geometry, transform: Affine) -> shapely.Geometry:
    from shapely.affinity import affine_transform

    t = transform
    return affine_transform(shape, [t.a, t.b, t.d, t.e, t.c, t.f])


def annotation_shape(
    segmentation: Any,  # noqa: ANN401  # JSON
    number: int,
    size: tuple[int, int],
) -> shapely.Geometry | None:
    """A valid polygon or multipolygon in pixels; None for an empty mask.

    Args:
        segmentation: Polygons or an RLE.
        number: The annotation's id, for messages.
        size: Height and width of the image.

    Raises:
        UnreadableVectorError: It is neither, or an RLE of another size than the image.
    """
    if not isinstance(segmentation, dict | list):
        raise UnreadableVectorError(f"annotation {number} has no segmentation")
    try:
        if isinstance(segmentation, dict):
            parts = list(_traced(segmentation, size))
        else:
            parts = list(_drawn(segmentation))
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise UnreadableVectorError(
            f"annotation {number}: its segmentation is neither a list of polygons, x and y in turn, "
            f"nor an RLE mask ({error}); correct it, or remove the annotation"
        ) from error
    union = shapely.union_all([shapely.make_valid(part) for part in parts])
    polygons = [part for part in shapely.get_parts(union) if part.geom_type == "Polygon"]
    if not polygons:
        return None
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _drawn(rings: list[Any]) -> Iterator[shapely.Geometry]:
    """Polygons of x and y in turn."""
    for ring in rings:
        corners = np.array(ring, np.float64).reshape(-1, 2)
        if not np.isfinite(corners).all():
            raise ValueError("a corner is no number")
        if len(corners) >= LEAST_CORNERS:
            yield shapely.Polygon(corners)


def _traced(rle: dict[str, Any], size: tuple[int, int]) -> Iterator[shapely.Geometry]:
    """Polygons along the edges of the mask's pixels."""
    height, width = rle["size"]
    # Before anything of that size is made.
    if (height, width) != size:
        raise ValueError(f"it is of {height} x {width} pixels, the image of {size[0]} x {size[1]}")
    mask, row, col = decode_crop(rle)
    if mask.size:
        place = Affine.translation(col, row)
        for geometry, _ in shapes(mask.astype(np.uint8), mask=mask, transform=place):
            yield shapely.geometry.shape(geometry)
