"""Training crops: crop number ``i`` is a pure function of the seed and ``i``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from torch.utils.data import Dataset

from geoseg.errors import DatasetError
from geoseg.train.augment import build_augmentation, seeded
from geoseg.train.crop import Crop
from geoseg.train.paste import paste_buildings
from geoseg.train.targets import head_targets, head_weights
from geoseg.types import FILL_GREY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from geoseg.scenes.scene import Scene
    from geoseg.train.config import TrainConfig

_TRIES = 8
_MOST_IGNORED = 0.6


class CropDataset(Dataset[dict[str, "NDArray[Any]"]]):
    """``length`` crops, the first of them number ``first`` of the endless sequence."""

    def __init__(
        self, scenes: Sequence[Scene], config: TrainConfig, *, first: int, length: int
    ) -> None:
        self._config = config
        self._first, self._length = first, length
        self._places = _by_place(scenes, config.data.place_weights)
        weights = [config.data.place_weights.get(place, 1.0) for place in self._places]
        self._chances = np.array(weights) / np.sum(weights)
        self._augment: Any = None

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> dict[str, NDArray[Any]]:
        crop = self.crop(index)
        target = head_targets(crop.labels, contact_px=self._config.data.contact_px)
        item = {
            "image": np.ascontiguousarray(np.moveaxis(crop.image, 2, 0)),
            "target": target,
            "weight": head_weights(
                crop.labels,
                target,
                crop.ignore > 0,
                blobs=crop.blobs,
                most=self._config.loss.small_buildings,
            ),
        }
        if self._config.loss.shift_px:
            item["labels"] = crop.labels.astype(np.int32)
        return item

    def crop(self, index: int) -> Crop:
        """An augmented crop."""
        if index >= self._length:
            raise IndexError(index)
        rng = np.random.default_rng([self._config.seed, self._first + index])
        return self._changed(self._draw(rng), int(rng.integers(2**31)))

    def _draw(self, rng: Generator) -> Crop:
        """A crop, sometimes with buildings of another crop of the same place."""
        places = list(self._places.values())
        place = places[rng.choice(len(places), p=self._chances)]
        crop, paste = self._draw_from(place, rng), self._config.augment.paste
        if paste and rng.random() < paste:
            crop = paste_buildings(crop, self._draw_from(place, rng), rng)
        return crop

    def _draw_from(self, place: _Place, rng: Generator) -> Crop:
        """A crop that is not mostly unknown, if a few tries find one."""
        scenes, areas = place
        scene = scenes[rng.choice(len(scenes), p=areas)]
        data = self._config.data
        gsd_m = _draw_gsd(rng, scene, self._config)
        side = max(1, round(data.crop_px * gsd_m / scene.gsd_m))
        tries = (_cut(scene, side, rng) for _ in range(_TRIES))
        return _resized(_best_known(tries), data.crop_px)

    def _changed(self, crop: Crop, seed: int) -> Crop:
        if self._augment is None:  # built here, in the process that uses it
            self._augment = build_augmentation(self._config.augment)
        known = 1 - crop.ignore  # pixels turned in from outside become 0: unknown
        changed = seeded(self._augment, seed, image=crop.image, masks=[crop.labels, known])
        labels, known = changed["masks"]
        return Crop(changed["image"], labels, 1 - known, crop.blobs)


_Place = tuple[list["Scene"], "NDArray[np.float64]"]


def _by_place(scenes: Sequence[Scene], weights: dict[str, float]) -> dict[str, _Place]:
    """Scenes of each place with their chances, by known area."""
    unknown = sorted(set(weights) - {scene.place for scene in scenes})
    if unknown:
        raise DatasetError(
            f"place_weights names {unknown}, but the training scenes lie in "
            f"{sorted({scene.place for scene in scenes})}"
        )
    places: dict[str, _Place] = {}
    for place in sorted({scene.place for scene in scenes}):
        members = [scene for scene in scenes if scene.place == place and not scene.ignore.all()]
        if weights.get(place, 1.0) > 0 and members:
            areas = np.array([(~scene.ignore).sum() * scene.gsd_m**2 for scene in members])
            places[place] = members, areas / areas.sum()
    if not places:
        raise DatasetError("no training scene has a known pixel and a place of positive weight")
    return places


def _draw_gsd(rng: Generator, scene: Scene, config: TrainConfig) -> float:
    """A pixel size that the scene can serve: not too blurred, not much larger than the scene."""
    low, high = config.data.gsd_m
    low = max(low, scene.gsd_m / config.data.upsample)
    whole_scene = scene.gsd_m * 1.3 * min(scene.labels.shape) / config.data.crop_px
    high = max(low, min(high, whole_scene))
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _best_known(tries: Iterable[Crop]) -> Crop:
    """The first that is not mostly unknown, else the one with most known pixels.

    Checked plots of a town are islands: crops would hardly show any of them.
    """
    seen = []
    for crop in tries:
        seen.append((float(crop.ignore.mean()), crop))
        if seen[-1][0] <= _MOST_IGNORED:
            break
    return min(seen, key=lambda one: one[0])[1]


def _cut(scene: Scene, side: int, rng: Generator) -> Crop:
    """A square of ``side`` source pixels; what lies outside the scene is unknown."""
    offsets = [_offset(length, side, rng) for length in scene.labels.shape]
    rows, cols = (slice(max(0, at), max(0, at) + side) for at in offsets)
    image, labels = scene.image[rows, cols], scene.labels[rows, cols]
    ignore = scene.ignore[rows, cols].astype(np.uint8)
    before = [max(0, -at) for at in offsets]
    after = [side - b - length for b, length in zip(before, labels.shape, strict=True)]
    if any(before) or any(after):
        around = tuple(zip(before, after, strict=True))
        image = np.pad(image, (*around, (0, 0)), constant_values=FILL_GREY)
        labels = np.pad(labels, around)
        ignore = np.pad(ignore, around, constant_values=1)
    return Crop(image, labels, ignore, scene.blobs)


def _offset(length: int, side: int, rng: Generator) -> int:
    """Where a piece of ``side`` begins; before the start where the scene is shorter."""
    low, high = sorted((0, length - side))
    return int(rng.integers(low, high + 1))


def _resized(crop: Crop, side: int) -> Crop:
    shrink = crop.labels.shape[0] > side
    how = cv2.INTER_AREA if shrink else cv2.INTER_CUBIC
    nearest = cv2.INTER_NEAREST_EXACT
    return Crop(
        cv2.resize(crop.image, (side, side), interpolation=how).astype(np.uint8),
        cv2.resize(crop.labels, (side, side), interpolation=nearest).astype(np.uint16),
        cv2.resize(crop.ignore, (side, side), interpolation=nearest).astype(np.uint8),
        crop.blobs,
    )
