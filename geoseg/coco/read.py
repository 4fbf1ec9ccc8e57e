"""COCO to buildings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import shapely

from geoseg.coco.document import Annotation, Document, Key, key_of, load_coco, number_of
from geoseg.coco.images import Image, find_rasters, read_images, require_sizes
from geoseg.coco.segmentation import Outlines, outlines
from geoseg.earth.reproject import reproject
from geoseg.errors import UsageError
from geoseg.export.opening import open_output
from geoseg.export.output import write_frame
from geoseg.export.zoom import check_zoom
from geoseg.files.target import require_other
from geoseg.keywords import checked_keywords
from geoseg.pages.notebook import Shown

if TYPE_CHECKING:
    import geopandas as gpd
    from affine import Affine
    from pyproj import CRS

FOUND = "from_coco"
"""Key of what was counted, in the frame's ``attrs``."""


@dataclass(frozen=True, slots=True, repr=False)
class Imported(Shown):
    """What came out of a COCO file."""

    buildings: int
    """Rows written: annotations with an outline within their image."""
    output: Path
    """The file that was written."""
    findings: Mapping[str, int] = field(default_factory=dict)
    """What was left out or mended, by the names in ``geoseg.coco.findings.FINDINGS``."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "buildings": self.buildings,
            "output": str(self.output),
            "findings": dict(self.findings),
        }

    def in_words(self) -> list[tuple[str, str]]:
        """Names and texts for a small table; the findings are told by themselves."""
        return [("buildings", f"{self.buildings:,}"), ("output", str(self.output))]


@dataclass(frozen=True, slots=True)
class OnGround:
    """A COCO file on the ground."""

    buildings: gpd.GeoDataFrame
    """A row per building."""
    unknown: gpd.GeoSeries
    """Ground of crowds and boxes."""
    listed: tuple[int, ...]
    """Numbers of the rasters that the file lists."""
    counts: Counter[str]
    """By the names in ``FINDINGS``."""


@overload
def from_coco(
    coco: str | Path,
    output: None = None,
    *,
    rasters: str | Path | Sequence[str | Path],
    category: str | None = None,
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
) -> gpd.GeoDataFrame: ...


@overload
def from_coco(
    coco: str | Path,
    output: str | Path,
    *,
    rasters: str | Path | Sequence[str | Path],
    category: str | None = None,
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
) -> Imported: ...


@checked_keywords
def from_coco(
    coco: str | Path,
    output: str | Path | None = None,
    *,
    rasters: str | Path | Sequence[str | Path],
    category: str | None = None,
    overwrite: bool = False,
    zoom: tuple[int, int] | None = None,
) -> gpd.GeoDataFrame | Imported:
    """Read COCO annotations as polygons on the ground.

    Args:
        coco: The JSON file, gzipped or not; masks as polygons or RLE, compressed or not.
        output: File to write (.gpkg, .geojson, .fgb, .parquet, .shp, .shp.zip, .gdb, .kml, .csv,
            .dxf or .pmtiles), as layer ``buildings``; None
            returns a GeoDataFrame.
        rasters: The images, matched by file name, and by folder where names are the same; a single
            raster and a single image always match.
        category: Category to keep; None: all of them.
        overwrite: Replace ``output`` if it is there already.
        zoom: First and last zoom of .pmtiles; None: what suits the area.

    Returns:
        One row per annotation with an outline (Polygon, or MultiPolygon where the mask has several
        parts), ``coco_id``, ``image``, ``category``, ``score`` (NaN where there is none), and
        ``building_id`` where the file has it, in the CRS of the first raster; ``attrs["from_coco"]``
        counts what was left out or mended. With ``output`` their number, and the same counts.
        Crowds and annotations that are nothing but a box are left out and counted.

    Raises:
        UsageError: an argument cannot be used, or an image that has annotations is not given.
        UnreadableVectorError: the file is missing or no COCO file.
        UnreadableRasterError: a raster cannot be opened.
        DatasetError: it is not clear which raster an image is.
        OutputExistsError: ``output`` is there already and may not be replaced.
        OutputError: it cannot be written.
    """
    check_zoom(zoom, output)
    target = None if output is None else open_output(output, overwrite=overwrite)
    images = read_images(rasters)
    if target is not None:
        require_other(target, [coco, *(image.path for image in images)])
    document = load_coco(Path(coco))
    done = on_ground(document, images, document.of_category(category))
    findings = {name: count for name, count in done.counts.items() if count}
    if target is None or output is None:
        done.buildings.attrs[FOUND] = findings
        return done.buildings
    return Imported(write_frame(done.buildings, target, zoom=zoom), Path(output), findings)


def on_ground(
    document: Document, images: Sequence[Image], annotations: Sequence[Annotation]
) -> OnGround:
    """Annotations in the CRS of the first raster.

    Raises:
        UsageError: An image that has annotations is not given, or has another size.
        DatasetError: It is not clear which raster an image is.
        UnreadableVectorError: An annotation is neither polygons nor an RLE of its image's size.
    """
    found, renamed = find_rasters(document, [image.path for image in images])
    _require_given(document, found, annotations)
    require_sizes(document, found, images)
    counts = document.counts + Counter(images_renamed=renamed)
    by_image: dict[Key | None, list[Annotation]] = defaultdict(list)
    for one in annotations:
        by_image[one.image].append(one)
    crs, drawn = images[0].crs, []
    for entry in document.images:
        if by_image[entry.key]:
            image = images[found[entry.key]]
            drawn.append((image, outlines(by_image[entry.key], (image.height, image.width))))
    for _, part in drawn:
        counts.update(part.counts)
        _check_scores(part, counts)
    listed = tuple(sorted(found.values()))
    return OnGround(_frame(drawn, crs), _unknown(drawn, crs), listed, counts)


def _require_given(
    document: Document, found: Mapping[Key, int], annotations: Sequence[Annotation]
) -> None:
    wanted = {one.image for one in annotations} - found.keys()
    names = [image.file_name for image in document.images if image.key in wanted]
    if names:
        raise UsageError(
            f"{document.path} has annotations for {names[0]} ({len(names)} such images), but no "
            "such raster was given; name it with --raster"
        )


def _check_scores(drawn: Outlines, counts: Counter[str]) -> None:
    counts["no_score"] += sum(
        one.score is not None and number_of(one.score) is None for one, _ in drawn.buildings
    )


def _frame(drawn: Sequence[tuple[Image, Outlines]], crs: CRS) -> gpd.GeoDataFrame:
    """A row per building, in the order of the file."""
    import geopandas as gpd

    shapes = [shape for image, part in drawn for shape in _placed(_shapes(part), image, crs)]
    rows = [(image, one) for image, part in drawn for one, _ in part.buildings]
    order = np.argsort([one.place for _, one in rows], kind="stable")
    rows = [rows[number] for number in order]
    table = {
        "coco_id": _column([one.key for _, one in rows]),
        "image": [image.name for image, _ in rows],
        "category": [one.category for _, one in rows],
        "score": np.array([_number(one.score) for _, one in rows], np.float64),
    }
    if any(one.building_id is not None for _, one in rows):
        table["building_id"] = _column([key_of(one.building_id) for _, one in rows])
    return gpd.GeoDataFrame(table, geometry=[shapes[number] for number in order], crs=crs)


def _shapes(drawn: Outlines) -> list[shapely.Geometry]:
    return [shape for _, shape in drawn.buildings]


def _column(keys: Sequence[Key | None]) -> Any:  # noqa: ANN401 - whole numbers, or text
    """Whole numbers where all of them are, else text."""
    if all(isinstance(key, int) and abs(key) < 2**63 for key in keys):
        return np.array(keys, np.int64)
    return [None if key is None else str(key) for key in keys]


def _number(score: Any) -> float:  # noqa: ANN401  # JSON
    number = number_of(score)
    return np.nan if number is None else number


def _unknown(drawn: Sequence[tuple[Image, Outlines]], crs: CRS) -> gpd.GeoSeries:
    import geopandas as gpd

    placed = [shape for image, part in drawn for shape in _placed(part.unknown, image, crs)]
    return gpd.GeoSeries(placed, crs=crs)


def _placed(
    pixel_shapes: Sequence[shapely.Geometry], image: Image, crs: CRS
) -> list[shapely.Geometry]:
    moved = np.array([_moved(shape, image.transform) for shape in pixel_shapes], dtype=object)
    return list(reproject(moved, image.crs, crs))


def _moved(shape: shapely.Geometry, transform: Affine) -> shapely.Geometry:
    from shapely.affinity import affine_transform

    t = transform
    return affine_transform(shape, [t.a, t.b, t.d, t.e, t.c, t.f])
