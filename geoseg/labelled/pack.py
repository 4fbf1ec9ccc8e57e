"""Pairs of imagery and labels in, a folder of scenes out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geoseg.addresses.secrets import bare_name, without_secrets
from geoseg.errors import DatasetError, UsageError
from geoseg.labelled.coco_labels import CocoLabels, coco_on_ground
from geoseg.labelled.drawn import ImageLabels
from geoseg.labelled.images import image_chips, read_header
from geoseg.labelled.masks import MaskLabels, MaskValues
from geoseg.labelled.mosaics import mosaic_chips
from geoseg.labelled.pairs import Kind, kind_of
from geoseg.labelled.request import Chip, PackOptions, Pair, Tick
from geoseg.labelled.writing import SceneWriter, new_folder
from geoseg.labelled.yolo_labels import YoloLabels
from geoseg.languages.counting import counted
from geoseg.pages.notebook import Shown
from geoseg.progress import Progress, ProgressReport, ignored
from geoseg.version import __version__

if TYPE_CHECKING:
    from geoseg.scenes.scene import Scene


@dataclass(slots=True)
class PlaceCounts:
    """What one place contributed to one side of the split."""

    chips: int = 0
    buildings: int = 0
    """Pieces of buildings: one cut by a chip's border counts in both chips."""
    pixels: int = 0
    known_pixels: int = 0
    building_pixels: int = 0
    known_m2: float = 0.0

    def add(self, scene: Scene) -> None:
        """Count a scene."""
        known = ~scene.ignore
        self.chips += 1
        self.buildings += int(np.count_nonzero(np.bincount(scene.labels[known])[1:]))
        self.pixels += known.size
        self.known_pixels += int(known.sum())
        self.building_pixels += int((known & (scene.labels > 0)).sum())
        self.known_m2 += float(known.sum()) * scene.gsd_m**2


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Packed(Shown):
    """A data set that was written."""

    folder: Path
    """Where it lies."""
    places: dict[str, dict[str, PlaceCounts]] = field(default_factory=dict)
    """Counts by place and side of the split."""
    findings: dict[str, Counter[str]] = field(default_factory=dict)
    """What was found in the labels of each place."""
    overlap_m2: dict[str, float] = field(default_factory=dict)
    """Ground that two or more labels claim, by scene."""
    notes: tuple[str, ...] = ()
    """What the user should know."""

    def as_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        places = {
            place: {side: asdict(counts) for side, counts in sides.items()}
            for place, sides in self.places.items()
        }
        findings = {place: dict(counts) for place, counts in self.findings.items()}
        return {
            "folder": str(self.folder),
            "places": places,
            "findings": findings,
            "notes": list(self.notes),
        }


def pack_pairs(
    pairs: Sequence[Pair],
    output: Path,
    options: PackOptions,
    *,
    overwrite: bool = False,
    progress: Progress = ignored,
) -> Packed:
    """Write the scenes of all pairs into a folder.

    Raises:
        GeosegError: an input that cannot be used, in one sentence.
    """
    if not pairs:
        raise UsageError("nothing to pack; give imagery and labels")
    packed = Packed(output)
    with new_folder(output, overwrite=overwrite) as writer:
        for pair in _own_places(pairs):
            _pack_one(pair, options, packed, writer, progress)
        _require_both_classes(packed)
        packed = replace(packed, notes=tuple(_notes(packed, options)))
        writer.record({**_provenance(pairs, options), **_recorded(packed)})
    return packed


def _own_places(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs without a place of their own get one."""
    return [
        pair if pair.place else replace(pair, place=Path(bare_name(pair.images[0])).stem)
        for pair in pairs
    ]


def _pack_one(
    pair: Pair,
    options: PackOptions,
    packed: Packed,
    writer: SceneWriter,
    progress: Progress,
) -> None:
    found = packed.findings.setdefault(pair.place, Counter())
    sides = packed.places.setdefault(pair.place, {})

    def tick(done: int, total: int) -> None:
        progress(ProgressReport(f"packing {pair.place}", done, total, "scenes"))

    for chip in _chips(pair, options, found, tick):
        name = writer.write(chip.scene)
        sides.setdefault(chip.scene.split, PlaceCounts()).add(chip.scene)
        if chip.overlap_m2:
            packed.overlap_m2[name] = chip.overlap_m2


def _chips(pair: Pair, options: PackOptions, found: Counter[str], tick: Tick) -> Iterator[Chip]:
    """The chips of a pair of any kind."""
    kind = kind_of(pair.labels)
    if kind == "polygons" or not isinstance(pair.labels, Path):
        return mosaic_chips(pair, pair.place, options, found, tick)
    if kind == "coco" and all(read_header(path, options.bands).located for path in pair.images):
        ground = coco_on_ground(pair.labels, pair.images, options.category)
        found.update(ground.counts)
        # What the file does not list was not looked at: it must not be learnt as background.
        images = tuple(pair.images[number] for number in ground.listed)
        found["images_unlisted"] += len(pair.images) - len(images)
        if not images:
            raise DatasetError(f"{pair.name} has labels for none of the images that were given")
        drawn = replace(pair, images=images, labels=ground.buildings, unknown=ground.unknown)
        return mosaic_chips(drawn, pair.place, options, found, tick)
    if pair.aoi or pair.ignore:
        raise UsageError(
            f"{pair.name}: areas of interest and areas to ignore need imagery with a place on the "
            "ground; leave them out, or georeference the images"
        )
    known = _image_labels(pair.labels, kind, options)
    return image_chips(pair, pair.place, known, options, tick, found)


def _image_labels(labels: Path, kind: Kind, options: PackOptions) -> ImageLabels:
    if kind == "coco":
        return CocoLabels(labels, options.category)
    if kind == "yolo":
        return YoloLabels(labels, options.category)
    return MaskLabels(
        labels, MaskValues(options.mask_kind, options.mask_building, options.mask_unknown)
    )


def _require_both_classes(packed: Packed) -> None:
    """Refuse what no training can learn from."""
    counts = [part for sides in packed.places.values() for part in sides.values()]
    known, building = (
        sum(getattr(part, name) for part in counts) for name in ("known_pixels", "building_pixels")
    )
    if not known:
        raise DatasetError(
            "the data set would be empty: no pixel is valid, within the area of interest and not "
            "to be ignored; check the areas and the rasters' nodata"
        )
    if building in {0, known}:
        what = "background" if building == 0 else "building"
        raise DatasetError(
            f"all {known:,} known pixels are {what}; training needs buildings and background, so "
            "check that labels and imagery belong together"
        )


def _notes(packed: Packed, options: PackOptions) -> Iterator[str]:
    """What the user should know."""
    if not any("val" in sides for sides in packed.places.values()):
        why = (
            ""
            if options.val_share == 0
            else ": there are too few buildings, too little ground, or too wide a margin"
        )
        yield f"nothing is held out{why}, so training cannot tell how good the model is"
    for place, sides in packed.places.items():
        if "val" in sides and not sides["val"].building_pixels:
            yield f"{place}: the ground held out has no building"
    small = sum(found["images_small"] for found in packed.findings.values())
    if small:
        yield f"{counted(small, 'image')} smaller than a training crop: training pads what is missing as unknown"


def _recorded(packed: Packed) -> dict[str, Any]:
    return {**packed.as_dict(), "overlap_m2": packed.overlap_m2}


def _told(given: object) -> str:
    """A file or bounds as they were named."""
    named = isinstance(given, (str, os.PathLike, tuple, list))
    return without_secrets(str(given)) if named else "an area in memory"


def _provenance(pairs: Sequence[Pair], options: PackOptions) -> dict[str, Any]:
    return {
        "geoseg_version": __version__,
        "options": asdict(options),
        "pairs": [
            {
                "place": pair.place,
                "images": [_told(path) for path in pair.images],
                "labels": _told(pair.labels) if isinstance(pair.labels, Path) else "a table",
                "layer": pair.layer,
                "aoi": None if pair.aoi is None else _told(pair.aoi),
                "ignore": None if pair.ignore is None else _told(pair.ignore),
                "split": pair.split,
                "gsd_m": pair.gsd_m,
                "licence": pair.licence,
            }
            for pair in pairs
        ],
    }
