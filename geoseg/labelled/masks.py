"""Masks as labels: building numbers, or nothing but building and not building."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rasterio.features import shapes
from scipy import ndimage

from geoseg.errors import DatasetError, UsageError
from geoseg.files.matching import match_files, stem_of
from geoseg.labelled.codes import WHITE, Codes, chosen, read_codes, value_text
from geoseg.labelled.drawn import Labelled, require_clear
from geoseg.labelled.order import images_in
from geoseg.labelled.pixels import opened
from geoseg.languages.counting import counted
from geoseg.scenes.scene import MAX_BUILDINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SLACK_PX = 0.5
"""A mask whose corners lie this near to its image's is of the same pixels."""
IGNORE_INDEX = WHITE
"""What masks of 0, 1 and 255 mean by 255: nobody knows (PASCAL VOC, Cityscapes)."""
_LEAST_HOLES = 4
_HOLES_PER_BLOB = 3
"""Background in so many pieces, and so many more of them than of the building, is the buildings."""
_PIECE_PX = 20
_LISTED = 8


@dataclass(frozen=True, slots=True)
class MaskValues:
    """What users say that the values of masks mean."""

    kind: str = "auto"
    """auto, instances or binary."""
    building: tuple[int, ...] | None = None
    """Values that mean building; None: all but 0."""
    unknown: tuple[int, ...] = ()
    """Values that mean that nobody knows."""


class MaskLabels:
    """Masks that lie in a folder under the names of their images."""

    def __init__(self, masks: Path, values: MaskValues) -> None:
        self._masks = masks
        self._files = images_in(masks) if masks.is_dir() else [masks]
        self._values = values
        self._of: dict[Path, Path] = {}
        self.blobs = values.kind != "instances"
        """True when touching buildings are one blob; known once images are chosen."""

    def choose(self, images: Sequence[Path], found: Counter[str]) -> list[Path]:
        """The images, all of which must have a mask; masks without an image are counted."""
        self._of = self._matched(images, found)
        survey = _Survey(self._values)
        for path in self._of.values():
            survey.add(self._read(path))
        self._values, self.blobs = survey.settle(self._masks.name)
        found.update(survey.counts)
        return list(images)

    def _matched(self, images: Sequence[Path], found: Counter[str]) -> dict[Path, Path]:
        if not self._masks.is_dir() and len(images) == 1:
            return {images[0]: self._masks}
        matches = match_files([str(path) for path in images], [str(path) for path in self._files])
        require_clear(matches, images, self._files, "mask")
        missing = [path.name for number, path in enumerate(images) if number not in matches.files]
        if missing:
            raise DatasetError(
                f"{counted(len(missing), 'image')} without a mask of the same name in {self._masks}, such as "
                f"{missing[0]}; add an empty mask where there is no building"
            )
        pairs = {images[one]: self._files[other] for one, other in matches.files.items()}
        found["masks_unused"] += len(self._files) - len(pairs)
        found["masks_renamed"] += sum(
            stem_of(image.name).lower() != stem_of(mask.name).lower()
            for image, mask in pairs.items()
        )
        return pairs

    def _read(self, path: Path) -> Codes:
        return read_codes(path, snap=self._values.kind != "instances")

    def size_of(self, image: Path) -> tuple[int, int]:
        """Height and width of the mask."""
        with opened(self._of[image]) as dataset:
            height, width = dataset.shape
            return int(height), int(width)

    def of(
        self,
        image: Path,
        shape: tuple[int, int],
        gsd_m: float,  # noqa: ARG002 - the protocol's
        found: Counter[str],
    ) -> Labelled:
        """Numbers of buildings or blobs; adds to ``found``."""
        path = self._of[image]
        mask = self._read(path)
        _require_same_place(path, image)
        if mask.codes.shape != shape:
            raise DatasetError(
                f"{path.name} has {mask.codes.shape[0]} x {mask.codes.shape[1]} pixels, its image "
                f"{image.name} has {shape[0]} x {shape[1]}; both must cover the same pixels"
            )
        unknown = mask.nodata | chosen(mask.codes, self._values.unknown)
        numbers = self._numbers(mask, unknown)
        count = int(numbers.max())
        if count > MAX_BUILDINGS:
            raise DatasetError(
                f"{path.name} holds {count} buildings, more than the {MAX_BUILDINGS} that fit into "
                "one image; cut it into smaller ones"
            )
        found["features"] += count
        found["mask_unknown_px"] += int(unknown.sum())
        found["scattered"] += 0 if self.blobs else _scattered(numbers)
        return Labelled(np.asarray(numbers, np.uint16), unknown, np.zeros(shape, bool))

    def _numbers(self, mask: Codes, unknown: NDArray[np.bool_]) -> NDArray[np.int64]:
        """(height, width), 0 background, else the number of the building or blob."""
        if self.blobs:
            return np.asarray(ndimage.label(_built(mask, self._values) & ~unknown)[0], np.int64)
        return _renumbered(np.where(unknown, 0, mask.codes))


def _built(mask: Codes, values: MaskValues) -> NDArray[np.bool_]:
    """(height, width), True on buildings."""
    if values.building is not None:
        return chosen(mask.codes, values.building)
    built: NDArray[np.bool_] = mask.codes > 0
    return built


class _Survey:
    """All masks of a set looked through, one at a time, before any of them is read as labels."""

    def __init__(self, given: MaskValues) -> None:
        self._given = given
        self.counts: Counter[str] = Counter()
        self._held: set[int] = set()
        self._binary = True
        self._ignoring = False
        self._masks = self._holey = 0

    def add(self, mask: Codes) -> None:
        """Look at a mask."""
        values = mask.values
        background = bool(((mask.codes == 0) & ~mask.nodata).any())
        self._masks += 1
        self._held |= {0, *values} if background else set(values)
        self._binary &= len(values) <= 1 or values == (1, IGNORE_INDEX)
        self._ignoring |= values == (1, IGNORE_INDEX)
        self.counts["masks_noisy"] += mask.noisy
        known = ~mask.nodata & ~chosen(mask.codes, self._given.unknown)
        built = _built(mask, self._given)[known]
        self.counts["masks_empty"] += not built.any()
        self.counts["masks_full"] += bool(built.size and built.all())
        self._holey += _looks_inverted(mask)

    def settle(self, name: str) -> tuple[MaskValues, bool]:
        """What the values mean, and whether touching buildings are one blob.

        Raises:
            UsageError: A value that was named is in no mask.
            DatasetError: The masks look inverted, or it is not clear what 255 means.
        """
        given = self._given
        self._require_held(given, name)
        if given.building is None and 0 not in self._held:
            raise DatasetError(
                f"no mask of {name} holds background, 0 or black: they hold {self._listed()}; name the "
                "values that mean building with --mask-building"
            )
        blobs = given.kind == "binary" or given.building is not None
        blobs |= given.kind == "auto" and self._binary
        if not blobs or given.building is not None:
            return given, blobs
        self._require_upright(name)
        shades = self._held - {0}
        if shades == {1, IGNORE_INDEX} and not given.unknown:
            if not self._ignoring:
                raise DatasetError(
                    f"some masks of {name} hold 1 and others 255, so 255 may be building or unknown; "
                    "say which with --mask-building 1,255 or --mask-unknown 255"
                )
            return MaskValues(given.kind, (1,), (IGNORE_INDEX,)), blobs
        return given, blobs

    def _require_held(self, given: MaskValues, name: str) -> None:
        for option, values in (("building", given.building or ()), ("unknown", given.unknown)):
            absent = [value for value in values if value not in self._held]
            if absent:
                raise UsageError(
                    f"--mask-{option} {value_text(absent[0])}: no mask of {name} holds it; they "
                    f"hold {self._listed()}"
                )

    def _listed(self) -> str:
        held = [value_text(value) for value in sorted(self._held)]
        return ", ".join(held[:_LISTED]) + (", ..." if len(held) > _LISTED else "")

    def _require_upright(self, name: str) -> None:
        with_both = self._masks - self.counts["masks_empty"] - self.counts["masks_full"]
        self.counts["masks_inverted"] += self._holey
        if self._holey and 2 * self._holey > with_both:
            raise DatasetError(
                f"{self._holey} of {self._masks} masks of {name} look inverted: most of the ground is "
                "marked, and what is not are many small pieces; if buildings are 0 in them, say "
                "--mask-building 0, else name the value of buildings in the same way"
            )


def _looks_inverted(mask: Codes) -> bool:
    """Most of it is marked, in one piece, with many pieces of background in it."""
    built = mask.codes == 1 if mask.values == (1, IGNORE_INDEX) else mask.codes > 0
    marked = built & ~mask.nodata
    if 2 * np.count_nonzero(marked) <= marked.size:
        return False
    holes, blobs = _pieces((mask.codes == 0) & ~mask.nodata), _pieces(marked)
    return holes >= _LEAST_HOLES and holes > _HOLES_PER_BLOB * blobs


def _pieces(area: NDArray[np.bool_]) -> int:
    """Connected parts that are more than specks."""
    sizes = np.bincount(ndimage.label(area)[0].ravel())[1:]
    return int((sizes >= _PIECE_PX).sum())


def _require_same_place(mask: Path, image: Path) -> None:
    """Refuse a mask that lies elsewhere than its image; most masks have no place at all."""
    with opened(mask) as one, opened(image) as other:
        if one.crs is None or other.crs is None:
            return
        corners = [(0, 0), (one.width, 0), (0, one.height)]
        to_image = ~other.transform @ one.transform
        off_px = max(math.dist(corner, to_image @ corner) for corner in corners)
    if off_px > _SLACK_PX:
        raise DatasetError(
            f"{mask.name} and its image {image.name} have a place on the ground, but not the same: "
            f"their corners lie {off_px:.0f} pixels apart; cut or warp the mask to the image's grid"
        )


def _scattered(numbers: NDArray[np.int64]) -> int:
    """How many numbers are on several separate parts."""
    pieces = shapes(numbers.astype(np.int32), mask=numbers > 0, connectivity=8)
    parts = Counter(int(number) for _, number in pieces)
    return sum(count > 1 for count in parts.values())


def _renumbered(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers without gaps, 0 stays 0."""
    present, numbers = np.unique(codes, return_inverse=True)
    return np.asarray(numbers.reshape(codes.shape) + (0 if present[0] == 0 else 1), np.int64)
