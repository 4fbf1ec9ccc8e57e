"""Peers that put tiles together, each with its own rule and default thresholds.

Only the rules run, on the same perfect masks; no network, and no simplification of outlines.

They get what the stitcher gets, as the polygons that they work on: outlines along pixel edges,
without holes, since sahi's masks are polygons without holes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
from rasterio.features import rasterize, shapes
from scipy import ndimage
from shapely.affinity import scale
from shapely.geometry import Polygon, box
from stitch_town import Labels, Lattice, Oracle

from geoseg.models.protocols import Instance
from geoseg.models.torchvision_repair import ensure_torchvision
from geoseg.types import Window

GSD_M = 0.3
Peer = Callable[[Labels, Lattice, Oracle], Labels]


def peers() -> dict[str, Peer]:
    """Those that are installed."""
    ensure_torchvision()  # geoai and samgeo import it
    found: dict[str, Peer] = {}
    for name, find in (
        ("sahi", _sahi_peers),
        ("geoai-py", _geoai_peers),
        ("segment-geospatial", _samgeo_peers),
        ("detectree2", _detectree2_peers),
    ):
        try:
            found |= find()
        except ImportError as error:
            print(f"{name} is not installed or not complete: {str(error).splitlines()[0]}")
    return found


def _sahi_peers() -> dict[str, Peer]:
    from sahi.postprocess.combine import GreedyNMMPostprocess, NMSPostprocess

    # The defaults of sahi.predict.get_sliced_prediction.
    options = {"match_threshold": 0.5, "match_metric": "IOS", "class_agnostic": False}
    rules = {"GREEDYNMM": GreedyNMMPostprocess(**options), "NMS": NMSPostprocess(**options)}
    return {
        f"sahi {version('sahi')} {name}": partial(_sahi, postprocess)
        for name, postprocess in rules.items()
    }


def _geoai_peers() -> dict[str, Peer]:
    """The rule that ``ObjectDetector.process_raster`` ends with, at its default threshold."""
    from geoai.extract import ObjectDetector

    def clean(pieces: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        return ObjectDetector.filter_overlapping_polygons(
            SimpleNamespace(nms_iou_threshold=0.5), pieces
        )

    return {f"geoai {version('geoai-py')}": partial(_cleaned, clean, 0.0)}


def _detectree2_peers() -> dict[str, Peer]:
    """``stitch_crowns`` and ``clean_crowns`` with their defaults, without the package's network.

    The package refuses to be imported without Detectron2, which these two functions do not need.
    """
    package = find_spec("detectree2")
    if package is None or package.origin is None:
        raise ImportError("No module named 'detectree2'")
    path = Path(package.origin).parent / "models" / "outputs.py"
    spec = spec_from_file_location("detectree2_outputs", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)

    def clean(pieces: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        with redirect_stdout(StringIO()):
            return module.clean_crowns(pieces, field="confidence", verbose=False)

    return {f"detectree2 {version('detectree2')}": partial(_cleaned, clean, 1.0)}


def _cleaned(
    clean: Callable, shrink_m: float, town: Labels, lattice: Lattice, oracle: Oracle
) -> Labels:
    """All pieces within their windows less ``shrink_m``, cleaned by a rule over polygons."""
    polygons, scores = [], []
    for row in lattice.rows(town.shape):
        for window, _ in row:
            inside = _inner(window, town.shape, shrink_m / GSD_M)
            for item in oracle(town, window):
                offset = (window.col_off, window.row_off)
                corners = np.add(_outline(item).reshape(-1, 2), offset)
                polygon = Polygon(corners)
                if shrink_m == 0 or polygon.within(inside):
                    polygons.append(scale(polygon, GSD_M, GSD_M, origin=(0, 0)))
                    scores.append(item.score)
    pieces = gpd.GeoDataFrame(
        {"geometry": polygons, "confidence": scores, "class": 1}, crs="EPSG:32633"
    )
    kept = [scale(one, 1 / GSD_M, 1 / GSD_M, origin=(0, 0)) for one in clean(pieces).geometry]
    return _burnt(kept, town.shape)


def _inner(window: Window, size: tuple[int, int], shrink_px: float) -> Polygon:
    """The window, smaller on the sides that lie within the town."""
    return box(
        window.col_off - (-shrink_px if window.col_off > 0 else 1),
        window.row_off - (-shrink_px if window.row_off > 0 else 1),
        window.col_end + (-shrink_px if window.col_end < size[1] else 1),
        window.row_end + (-shrink_px if window.row_end < size[0] else 1),
    )


def _samgeo_peers() -> dict[str, Peer]:
    """``SamGeo3._merge_tile_mask``, as ``generate_masks_tiled`` calls it."""
    from samgeo.samgeo3 import SamGeo3

    def merged(town: Labels, lattice: Lattice, oracle: Oracle) -> Labels:
        out, last = np.zeros(town.shape, np.int32), 0
        rows = list(lattice.rows(town.shape))
        for y, row in enumerate(rows):
            for x, (window, _) in enumerate(row):
                tile = np.zeros((window.height, window.width), np.int32)
                for item in oracle(town, window):
                    last += 1
                    height, width = item.mask.shape
                    part = tile[item.row_off :, item.col_off :][:height, :width]
                    part[item.mask] = last
                ends = (window.col_off, window.row_off, window.col_end, window.row_end)
                place = (lattice.overlap_px, x, y, len(row), len(rows))
                SamGeo3._merge_tile_mask(None, out, tile, *ends, *place)  # noqa: SLF001
        return out

    return {f"segment-geospatial {version('segment-geospatial')}": merged}


def _sahi(postprocess: Callable, town: Labels, lattice: Lattice, oracle: Oracle) -> Labels:
    from sahi.prediction import ObjectPrediction

    predictions = []
    for row in lattice.rows(town.shape):
        for window, _ in row:
            for item in oracle(town, window):
                ring = _outline(item)
                corners = ring.reshape(-1, 2)
                one = ObjectPrediction(
                    bbox=[*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist()],
                    category_id=1,
                    category_name="building",
                    segmentation=[ring.tolist()],
                    score=item.score,
                    shift_amount=[window.col_off, window.row_off],
                    full_shape=list(town.shape),
                )
                predictions.append(one.get_shifted_object_prediction())
    return _drawn(postprocess(predictions), town.shape)


def _outline(item: Instance) -> np.ndarray:
    filled = ndimage.binary_fill_holes(item.mask).astype(np.uint8)
    ((geometry, _),) = shapes(filled, mask=filled > 0)
    corners = np.array(geometry["coordinates"][0][:-1])
    return np.add(corners, (item.col_off, item.row_off)).ravel()


def _drawn(predictions: list, size: tuple[int, int]) -> Labels:
    rings = [ring for one in predictions for ring in one.mask.segmentation]
    return _burnt([Polygon(np.reshape(ring, (-1, 2))) for ring in rings], size)


def _burnt(polygons: list[Polygon], size: tuple[int, int]) -> Labels:
    """Smaller polygons are drawn last, so that houses in courtyards are seen."""
    numbered = sorted(
        ((polygon, number) for number, polygon in enumerate(polygons, start=1)),
        key=lambda pair: -pair[0].area,
    )
    return rasterize(numbered, out_shape=size, dtype=np.int32)
