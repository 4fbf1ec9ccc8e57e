"""Outlines of annotations in pixels of their image, valid and within it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import shapes

from geoseg.coco.document import Annotation, Key, number_of
from geoseg.coco.rle import decode_crop
from geoseg.errors import UnreadableVectorError

LEAST_CORNERS = 3
PAIR = 2
_CUT_PX = 0.05
"""What reaches less far beyond the image is rounding and not counted as cut."""
_FAR = 1e9
"""Pixels; coordinates beyond are no coordinates."""


@dataclass(frozen=True, slots=True)
class Outlines:
    """What the annotations of one image say."""

    buildings: list[tuple[Annotation, shapely.Geometry]] = field(default_factory=list)
    """Valid polygons and multipolygons within the image, in the order of the file."""
    unknown: list[shapely.Geometry] = field(default_factory=list)
    """Ground of crowds and boxes: buildings are there, but not where each of them is."""
    counts: Counter[str] = field(default_factory=Counter)
    """By the names in ``FINDINGS``."""


def outlines(annotations: Iterable[Annotation], size: tuple[int, int]) -> Outlines:
    """The outlines of an image's annotations.

    Args:
        annotations: Those of one image.
        size: Its height and width.

    Raises:
        UnreadableVectorError: A segmentation is neither polygons nor an RLE of the image's size.
    """
    found = Outlines()
    for one in annotations:
        if one.box_alone:
            found.counts["boxes"] += 1
            shape = _boxed(one)
        else:
            shape = annotation_shape(one.segmentation, one.key, size, found.counts)
        shape = _within(shape, size, found.counts)
        if one.crowd:
            found.counts["crowds"] += not one.box_alone
        if shape is None:
            continue
        if one.crowd or one.box_alone:
            found.unknown.append(shape)
        else:
            found.buildings.append((one, shape))
    return found


def annotation_shape(
    segmentation: Any,  # noqa: ANN401  # JSON
    number: Key,
    size: tuple[int, int],
    counts: Counter[str] | None = None,
) -> shapely.Geometry | None:
    """A valid polygon or multipolygon in pixels; None where there is none.

    Several polygons of one annotation are united, as pycocotools does it: COCO's polygons have no
    holes.

    Args:
        segmentation: Polygons or an RLE.
        number: The annotation's id, for messages.
        size: Height and width of the image.
        counts: By the names in ``FINDINGS``; added to.

    Raises:
        UnreadableVectorError: It is neither, or an RLE of another size than the image.
    """
    counts = Counter() if counts is None else counts
    if not isinstance(segmentation, dict | list):
        if segmentation in {None, ""}:
            return None
        raise UnreadableVectorError(f"annotation {number} has no segmentation")
    try:
        if isinstance(segmentation, dict):
            parts = list(_traced(segmentation, size)) if segmentation else []
        else:
            parts = list(_drawn(_rings(segmentation, counts)))
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        raise UnreadableVectorError(
            f"annotation {number}: its segmentation is neither a list of polygons, x and y in turn, "
            f"nor an RLE mask ({error}); correct it, or remove the annotation"
        ) from error
    except UnreadableVectorError as error:
        raise UnreadableVectorError(f"annotation {number}: {error}") from error
    return _united(parts, counts)


def _united(parts: list[shapely.Geometry], counts: Counter[str]) -> shapely.Geometry | None:
    counts["invalid"] += not bool(np.all(shapely.is_valid(parts)))
    valid = [shapely.make_valid(part) for part in parts]
    if len(valid) > 1:
        inside, whole = shapely.STRtree(valid).query(valid, predicate="within")
        counts["rings_inside"] += bool((inside != whole).any())
    return _areal(shapely.union_all(valid))


def _areal(shape: shapely.Geometry) -> shapely.Geometry | None:
    """Its polygons alone; None where there is none."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    polygons = [part for part in parts if part.geom_type == "Polygon" and part.area > 0]
    if not polygons:
        return None
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _within(
    shape: shapely.Geometry | None, size: tuple[int, int], counts: Counter[str]
) -> shapely.Geometry | None:
    """Its part within the image; what is not is counted."""
    if shape is None:
        counts["empty"] += 1
        return None
    height, width = size
    left, top, right, bottom = shapely.bounds(shape).tolist()
    if left >= 0 and top >= 0 and right <= width and bottom <= height:
        return shape
    inside = _areal(shapely.intersection(shape, shapely.box(0, 0, width, height)))
    if inside is None:
        counts["outside"] += 1
    else:
        counts["cut"] += max(-left, -top, right - width, bottom - height) > _CUT_PX
    return inside


def _boxed(one: Annotation) -> shapely.Geometry | None:
    if one.box is None or max(map(abs, one.box)) > _FAR:
        return None
    left, top, width, height = one.box
    return shapely.box(left, top, left + width, top + height)


def _rings(segmentation: list[Any], counts: Counter[str]) -> list[Any]:
    """Polygons as a list of lists of numbers, which some tools write otherwise."""
    flat = bool(segmentation) and not any(isinstance(one, list) for one in segmentation)
    pairs = len(segmentation) >= LEAST_CORNERS and all(
        isinstance(one, list) and len(one) == PAIR and not isinstance(one[0], list)
        for one in segmentation
    )
    nested = any(
        isinstance(one, list) and any(isinstance(corner, list) for corner in one)
        for one in segmentation
    )
    counts["written_otherwise"] += flat or pairs or nested
    return [segmentation] if flat or pairs else segmentation


def _drawn(rings: list[Any]) -> Iterator[shapely.Geometry]:
    """Polygons of x and y in turn."""
    for ring in rings:
        corners = _corners(ring)
        if len(corners) >= LEAST_CORNERS:
            yield shapely.Polygon(corners)


def _corners(ring: Any) -> NDArray[np.float64]:  # noqa: ANN401  # JSON
    """(n, 2); also of corners in pairs."""
    if not isinstance(ring, list):
        raise TypeError(f"a polygon is {ring!r:.40}")
    numbers = [one for corner in ring for one in (corner if isinstance(corner, list) else [corner])]
    known = [number_of(one) for one in numbers]
    if None in known:
        raise ValueError("a corner is no number")
    if len(known) % PAIR:
        raise ValueError(f"a polygon has {len(known)} numbers, an odd count")
    corners = np.array(known, np.float64).reshape(-1, 2)
    if (np.abs(corners) > _FAR).any():
        raise ValueError("a corner lies beyond all images")
    return corners


def _traced(rle: dict[str, Any], size: tuple[int, int]) -> Iterator[shapely.Geometry]:
    """Polygons along the edges of the mask's pixels."""
    height, width = (number_of(side) for side in rle["size"])
    # Before anything of that size is made.
    if (height, width) != size:
        given = " x ".join(str(side) for side in rle["size"])
        raise ValueError(f"it is of {given} pixels, the image of {size[0]} x {size[1]}")
    mask, row, col = decode_crop({**rle, "size": size})
    if mask.size:
        place = Affine.translation(col, row)
        for geometry, _ in shapes(mask.astype(np.uint8), mask=mask, transform=place):
            yield shapely.geometry.shape(geometry)
