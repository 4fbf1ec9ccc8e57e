"""Peers that put tiles together, each with its own rule and default thresholds.

They get what the stitcher gets, as the polygons that they work on: outlines along pixel edges,
without holes, since sahi's masks are polygons without holes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from rasterio.features import rasterize, shapes
from scipy import ndimage
from stitch_town import Labels, Lattice, Oracle

from geoseg.models.protocols import Instance

Peer = Callable[[Labels, Lattice, Oracle], Labels]


def peers() -> dict[str, Peer]:
    """Those that are installed."""
    try:
        from sahi import __version__
        from sahi.postprocess.combine import GreedyNMMPostprocess, NMSPostprocess
    except ImportError:
        print("sahi is not installed")
        return {}
    # The defaults of sahi.predict.get_sliced_prediction.
    options = {"match_threshold": 0.5, "match_metric": "IOS", "class_agnostic": False}

    def greedy(town: Labels, lattice: Lattice, oracle: Oracle) -> Labels:
        return _sahi(GreedyNMMPostprocess(**options), town, lattice, oracle)

    def suppressed(town: Labels, lattice: Lattice, oracle: Oracle) -> Labels:
        return _sahi(NMSPostprocess(**options), town, lattice, oracle)

    return {f"sahi {__version__} GREEDYNMM": greedy, f"sahi {__version__} NMS": suppressed}


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
    """Smaller polygons are drawn last, so that houses in courtyards are seen."""
    from shapely.geometry import Polygon

    numbered = [
        (Polygon(np.reshape(ring, (-1, 2))), number)
        for number, one in enumerate(predictions, start=1)
        for ring in one.mask.segmentation
    ]
    numbered.sort(key=lambda pair: -pair[0].area)
    return rasterize(numbered, out_shape=size, dtype=np.int32)
