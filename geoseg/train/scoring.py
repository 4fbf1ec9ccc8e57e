"""Quick scores during training: pixel IoU and F1 of a plain decoding, per place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GROWTH_STEPS = 16
_MIN_PIXELS = 12


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of one or more scenes; they add up."""

    true_pixels: int = 0
    """Pixels that are building in truth and prediction."""
    found_pixels: int = 0
    """Pixels that are building in the prediction."""
    wanted_pixels: int = 0
    """Pixels that are building in truth."""
    matched: int = 0
    """Buildings found with IoU of at least 0.5."""
    predicted: int = 0
    """Buildings predicted."""
    wanted: int = 0
    """Buildings in truth."""

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.true_pixels + other.true_pixels,
            self.found_pixels + other.found_pixels,
            self.wanted_pixels + other.wanted_pixels,
            self.matched + other.matched,
            self.predicted + other.predicted,
            self.wanted + other.wanted,
        )

    @property
    def iou(self) -> float:
        """Pixel IoU of building against the rest."""
        return self.true_pixels / max(1, self.found_pixels + self.wanted_pixels - self.true_pixels)

    @property
    def f1(self) -> float:
        """F1 at IoU 0.5."""
        return 2 * self.matched / max(1, self.predicted + self.wanted)

    @property
    def precision(self) -> float:
        """Share of the predicted buildings that are right."""
        return self.matched / max(1, self.predicted)

    @property
    def recall(self) -> float:
        """Share of the true buildings that are found."""
        return self.matched / max(1, self.wanted)

    @property
    def area_bias(self) -> float:
        """Total predicted area against the true one: 0.03 is 3 % too much; 0 where none is."""
        return self.found_pixels / self.wanted_pixels - 1 if self.wanted_pixels else 0.0


def decode_plainly(
    maps: NDArray[np.float32], *, seed: float, body: float, edge_weight: float
) -> NDArray[np.int32]:
    """Labels of seeds grown within the body, for scores while training.

    Args:
        maps: (3, height, width) probabilities of body, contact and edge.
        seed: threshold of the seeds.
        body: threshold of growth.
        edge_weight: share of the edge map in the seeds.

    Returns:
        (height, width), 0 background.
    """
    inner = maps[0] * (1 - maps[1]) * (1 - edge_weight * maps[2])
    _, labels = cv2.connectedComponents((inner > seed).astype(np.uint8), connectivity=4)
    grown = labels.astype(np.float32)
    room = maps[0] > body
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    for _ in range(_GROWTH_STEPS):
        free = room & (grown == 0)
        reached = cv2.dilate(grown, cross)
        if not (free & (reached > 0)).any():
            break
        grown = np.where(free, reached, grown)
    decoded: NDArray[np.int32] = grown.astype(np.int32)
    return decoded


@dataclass(frozen=True, slots=True)
class Match:
    """A predicted label image against a true one; ignored areas do not count."""

    found: NDArray[np.bool_]
    """By predicted label: whether it counts, being large enough and mostly known."""
    right: NDArray[np.bool_]
    """By predicted label: whether it counts and some true building has IoU >= 0.5 with it."""
    known_pixels: NDArray[np.int64]
    """By predicted label: pixels outside ignored areas."""
    true_pixels: NDArray[np.int64]
    """By predicted label: those of them that are building in truth."""
    wanted: int
    """True buildings that count."""
    wanted_pixels: int
    """Known pixels that are building in truth."""

    def counts(self, keep: NDArray[np.bool_]) -> Counts:
        """Counts with the predicted labels that ``keep`` holds alone."""
        return Counts(
            int(self.true_pixels[keep].sum()),
            int(self.known_pixels[keep].sum()),
            self.wanted_pixels,
            int(self.right[keep].sum()),
            int(self.found[keep].sum()),
            self.wanted,
        )


def match(
    predicted: NDArray[np.int32], wanted: NDArray[np.uint16], ignore: NDArray[np.bool_]
) -> Match:
    """Compare label images; buildings mostly in ignored areas do not count."""
    known = ~ignore
    found, truth = (
        large_and_known(predicted, known),
        large_and_known(wanted.astype(np.int32), known),
    )
    sizes, true_sizes = np.bincount(predicted.ravel()), np.bincount(wanted.ravel())
    right, truth_left = np.zeros(len(sizes), np.bool_), truth.copy()
    for (guess, real), both in _pair_sizes(predicted, wanted).items():
        if found[guess] and truth[real] and 2 * both >= sizes[guess] + true_sizes[real] - both:
            right[guess] |= truth_left[real]
            truth_left[real] = False  # two halves of one building are one match
    known_pixels = np.bincount(predicted[known], minlength=len(sizes))
    known_pixels[0] = 0
    is_true = known & (wanted > 0) & (predicted > 0)
    return Match(
        found=found,
        right=right,
        known_pixels=known_pixels,
        true_pixels=np.bincount(predicted[is_true], minlength=len(sizes)),
        wanted=int(truth.sum()),
        wanted_pixels=int(((wanted > 0) & known).sum()),
    )


def count(
    predicted: NDArray[np.int32], wanted: NDArray[np.uint16], ignore: NDArray[np.bool_]
) -> Counts:
    """Compare label images; buildings mostly in ignored areas do not count."""
    matched = match(predicted, wanted, ignore)
    return matched.counts(np.ones(len(matched.found), np.bool_))


def large_and_known(labels: NDArray[np.int32], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """By label: whether it is large enough and mostly known."""
    sizes = np.bincount(labels.ravel())
    known_sizes = np.bincount(labels[known], minlength=len(sizes))
    counted = (sizes >= _MIN_PIXELS) & (2 * known_sizes > sizes)
    counted[0] = False
    return counted


def _pair_sizes(
    predicted: NDArray[np.int32], wanted: NDArray[np.uint16]
) -> dict[tuple[int, int], int]:
    """Pixels that each pair of labels shares."""
    both = (predicted > 0) & (wanted > 0)
    base = int(wanted.max()) + 1
    codes, sizes = np.unique(
        predicted[both].astype(np.int64) * base + wanted[both], return_counts=True
    )
    return {
        (int(code) // base, int(code) % base): int(size)
        for code, size in zip(codes, sizes, strict=True)
    }
