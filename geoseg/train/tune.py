"""Choose the decoder's thresholds on held-out scenes, with the product's own decoder."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from geoseg.decode import DecodeParams, Decoder
from geoseg.models.weights import Decoding
from geoseg.train.scoring import Counts, count
from geoseg.types import MapStrip

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from geoseg.models.protocols import DenseModel
    from geoseg.train.scene import Scene
    from geoseg.types import Cluster

MIN_AREA_M2 = 6.0
"""Smaller buildings are dropped, as in prediction."""

_HEADS = ("body", "contact", "edge")


@dataclass(frozen=True, slots=True)
class MappedScene:
    """A held-out scene at the pixel size of prediction, with the model's maps."""

    scene: Scene
    maps: NDArray[np.uint8]
    """(heads, height, width), probability * 255 rounded."""


def map_scene(model: DenseModel, scene: Scene) -> MappedScene:
    """Predict a scene that has the pixel size of prediction, in one pass."""
    pixels = np.ascontiguousarray(np.moveaxis(scene.image, 2, 0))[None]
    maps = model.predict_maps(pixels)[0]
    return MappedScene(scene, np.rint(maps * 255).astype(np.uint8))


def choose_decoding(
    mapped: Sequence[MappedScene], candidates: Iterable[Decoding]
) -> tuple[Decoding, float]:
    """The candidate with the best mean of the places' F1, and that mean."""
    scored = ((candidate, mean_f1(score(mapped, candidate))) for candidate in candidates)
    return max(scored, key=lambda pair: pair[1])


def candidates(
    *,
    seeds: Sequence[float] = (0.4, 0.5, 0.6, 0.7),
    bodies: Sequence[float] = (0.3, 0.4, 0.5),
    edge_weights: Sequence[float] = (0.0, 0.5, 1.0),
    confidences: Sequence[float] = (0.5,),
) -> list[Decoding]:
    """All combinations."""
    return [
        Decoding(seed_threshold=s, body_threshold=b, edge_weight=e, min_confidence=c)
        for s, b, e, c in itertools.product(seeds, bodies, edge_weights, confidences)
    ]


def score(mapped: Sequence[MappedScene], decoding: Decoding) -> dict[str, Counts]:
    """Counts per place."""
    counts: dict[str, Counts] = {}
    for item in mapped:
        labels = decode_labels(item.maps, decoding, item.scene.gsd_m)
        place = item.scene.place
        counts[place] = counts.get(place, Counts()) + count(
            labels, item.scene.labels, item.scene.ignore
        )
    return counts


def mean_f1(counts: dict[str, Counts]) -> float:
    """Every place counts the same."""
    return sum(part.f1 for part in counts.values()) / max(1, len(counts))


def decode_labels(maps: NDArray[np.uint8], decoding: Decoding, gsd_m: float) -> NDArray[np.int32]:
    """(height, width) numbers of the buildings that the decoder finds, 0 elsewhere."""
    _, height, width = maps.shape
    min_pixels = max(1, round(MIN_AREA_M2 / gsd_m**2))
    params = DecodeParams(**decoding.as_levels(), min_pixels=min_pixels)
    decoder = Decoder(width, height, _HEADS, params)
    clusters = decoder.push(MapStrip(0, maps, np.ones((height, width), bool)))
    clusters += decoder.close()
    return labels_of(clusters, height, width)


def labels_of(clusters: Sequence[Cluster], height: int, width: int) -> NDArray[np.int32]:
    """Paint clusters: along a row, the building changes at vertical cracks and nowhere else."""
    labels = np.zeros((height, width + 1), np.int32)
    change = np.full((height, width + 1), -1, np.int64)
    for cluster in clusters:
        on = cluster.crack_vertical
        rows, cols = cluster.crack_row[on], cluster.crack_col[on]
        labels[rows, cols] = cluster.crack_after[on] + 1  # keys begin at 0, background is -1
        change[rows, cols] = cols
    change[:, 0] = np.maximum(change[:, 0], 0)
    latest = np.maximum.accumulate(change, axis=1)
    painted: NDArray[np.int32] = np.take_along_axis(labels, latest, axis=1)[:, :width]
    return painted
