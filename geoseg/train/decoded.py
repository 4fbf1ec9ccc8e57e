"""Held-out scenes: mapped once, then decoded with any thresholds by the product's own decoder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

from geoseg.attributes.confidence import Qualities, Rating
from geoseg.decode.decoder import Decoder
from geoseg.decode.params import DecodeParams
from geoseg.decode.seeds import MapLabeller
from geoseg.earth.gsd import is_enlarged
from geoseg.models.asking import quantize
from geoseg.models.averaged import averaged_if
from geoseg.settings import MIN_AREA_M2
from geoseg.train.calibrate import select
from geoseg.train.pieces import Pieces
from geoseg.train.scoring import Counts, Match, match
from geoseg.train.validation import resample_scene
from geoseg.types import MapStrip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geoseg.models.protocols import DenseModel
    from geoseg.models.records import Calibration
    from geoseg.models.weights import Decoding
    from geoseg.scenes.scene import Scene
    from geoseg.types import Cluster


@dataclass(frozen=True, slots=True)
class MappedScene:
    """A held-out scene at the pixel size of prediction, with the model's maps."""

    scene: Scene
    """Its image, labels and mask."""
    maps: NDArray[np.uint8]
    """(heads, height, width), probability * 255 rounded."""
    heads: tuple[str, ...] = ("body", "contact", "edge")
    """Names of the maps."""
    pieces: Pieces | None = None
    """Its known ground in pieces; None: nobody asks how sure figures are."""


def map_scene(
    model: DenseModel, scene: Scene, gsd_m: tuple[float, float], *, tta: bool | None = None
) -> MappedScene:
    """Predict a whole scene, at the pixel size and in the views that prediction would use.

    ``tta`` is as ``geoseg.predict`` takes it.
    """
    fitting = resample_scene(scene, gsd_m)
    seeing = averaged_if(model, tta, enlarged=is_enlarged(scene.gsd_m, fitting.gsd_m))
    pixels = np.ascontiguousarray(np.moveaxis(fitting.image, 2, 0))[None]
    maps = seeing.predict_maps(pixels)[0]
    return MappedScene(fitting, quantize(maps), model.heads, Pieces.of(fitting))


@dataclass(frozen=True, slots=True)
class DecodedScene:
    """What one set of thresholds makes of a scene."""

    name: str
    """The scene's name."""
    place: str
    """Where it lies."""
    match: Match
    """Its labels against the truth."""
    label: NDArray[np.int64]
    """(buildings,) their labels."""
    qualities: Qualities
    """What they are like, in the same order."""

    @property
    def counted(self) -> NDArray[np.bool_]:
        """(buildings,) True for those that count."""
        return self.match.found[self.label]

    @property
    def right(self) -> NDArray[np.bool_]:
        """(buildings,) True for those that are real with IoU >= 0.5."""
        return self.match.right[self.label]

    @property
    def there(self) -> NDArray[np.bool_]:
        """(buildings,) True for those of which half or more of what is known lies on buildings."""
        known, on = (
            pixels[self.label] for pixels in (self.match.known_pixels, self.match.true_pixels)
        )
        return (known > 0) & (2 * on >= known)

    def counts(self, likely: NDArray[np.bool_]) -> Counts:
        """Counts when only the (buildings,) likely ones are kept."""
        keep = np.zeros(len(self.match.found), np.bool_)
        keep[self.label[likely]] = True
        return self.match.counts(keep)


def decode_scenes(
    mapped: Sequence[MappedScene],
    decoding: Decoding,
    calibrations: Sequence[Calibration] | None = None,
) -> list[DecodedScene]:
    """Decode all scenes with the same thresholds.

    Buildings that meet become one where the scene's calibration says so; without any, none do.
    """
    judges = repeat(None) if calibrations is None else calibrations
    return [_decode_scene(one, decoding, own) for one, own in zip(mapped, judges, strict=False)]


def wholes_of(
    mapped: Sequence[MappedScene], decoding: Decoding, parts: Sequence[DecodedScene]
) -> list[DecodedScene]:
    """What all of ``parts`` that meet would be as one building each; no others."""
    at_once = decoding.model_copy(update={"seed_threshold": decoding.join_threshold})
    scenes = []
    for one, apart in zip(decode_scenes(mapped, at_once), parts, strict=True):
        known = dict(zip(apart.label.tolist(), apart.qualities.area_m2.tolist(), strict=True))
        pairs = zip(one.label.tolist(), one.qualities.area_m2.tolist(), strict=True)
        new = np.array([known.get(label) != area_m2 for label, area_m2 in pairs], np.bool_)
        scenes.append(replace(one, label=one.label[new], qualities=select(one.qualities, new)))
    return scenes


def _decode_scene(
    mapped: MappedScene, decoding: Decoding, calibration: Calibration | None
) -> DecodedScene:
    scene = mapped.scene
    clusters = decode(mapped, decoding, calibration)
    labels = labels_of(clusters, *scene.labels.shape)
    keys = [instance.key for cluster in clusters for instance in cluster.instances]
    return DecodedScene(
        name=scene.name,
        place=scene.place,
        match=match(labels, scene.labels, scene.ignore),
        label=np.array(keys, np.int64) + 1,
        qualities=Qualities.of(clusters, scene.gsd_m),
    )


def decode(
    mapped: MappedScene, decoding: Decoding, calibration: Calibration | None = None
) -> list[Cluster]:
    """The clusters of a whole scene."""
    _, height, width = mapped.maps.shape
    min_pixels = max(1, round(MIN_AREA_M2 / mapped.scene.gsd_m**2))
    params = DecodeParams(**decoding.as_levels(), min_pixels=min_pixels)
    odds = Rating(calibration).odds(mapped.scene.gsd_m)
    decoder = Decoder(width, height, MapLabeller(mapped.heads, params), odds=odds)
    clusters = decoder.push(MapStrip(0, mapped.maps, np.ones((height, width), bool)))
    return clusters + decoder.close()


def labels_of(clusters: Sequence[Cluster], height: int, width: int) -> NDArray[np.int32]:
    """Paint clusters, key + 1: along a row, the building changes at vertical cracks alone."""
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
