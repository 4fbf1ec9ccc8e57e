"""Quick scores during training: pixel IoU and F1 of a plain decoding, per place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_GROWTH_STEPS = 16
_MIN_PIXELS = 12


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of one or more scenes; they add up."""

    true_pixels: int = 0
    """Pixels that are building in truth and prediction."""
    any_pixels: int = 0
    """Pixels that are building in truth or prediction."""
    matched: int = 0
    """Buildings found with IoU of at least 0.5."""
    predicted: int = 0
    """Buildings predicted."""
    wanted: int = 0
    """Buildings in truth."""

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.true_pixels + other.true_pixels,
            self.any_pixels + other.any_pixels,
            self.matched + other.matched,
            self.predicted + other.predicted,
            self.wanted + other.wanted,
        )

    @property
    def iou(self) -> float:
        """Pixel IoU of building against the rest."""
        return self.true_pixels / max(1, self.any_pixels)

    @property
    def f1(self) -> float:
        """F1 at IoU 0.5."""
        return 2 * self.matched / max(1, self.predicted + self.wanted)


def decode_plainly(
    maps: NDArray[np.float32], *, seed: float, body: float, edge_weight: float = 0.0
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


def count(
    predicted: NDArray[np.int32], wanted: NDArray[np.uint16], ignore: NDArray[np.bool_]
) -> Counts:
    """Compare label images; buildings mostly in ignored areas do not count."""
    known = ~ignore
    pairs = _pair_sizes(predicted, wanted)
    found = _counted(predicted, known)
    truth = _counted(wanted.astype(np.int32), known)
    matched = sum(
        1
        for (guess, real), both in pairs.items()
        if guess in found and real in truth and 2 * both >= found[guess] + truth[real] - both
    )
    is_guess, is_real = (predicted > 0) & known, (wanted > 0) & known
    return Counts(
        int((is_guess & is_real).sum()),
        int((is_guess | is_real).sum()),
        matched,
        len(found),
        len(truth),
    )


def total(counts: Sequence[Counts]) -> Counts:
    """Sum."""
    return sum(counts, start=Counts())


def _counted(labels: NDArray[np.int32], known: NDArray[np.bool_]) -> dict[int, int]:
    """Label to size, for labels that are large enough and mostly known."""
    sizes = np.bincount(labels.ravel())
    known_sizes = np.bincount(labels[known].ravel(), minlength=len(sizes))
    chosen = (sizes >= _MIN_PIXELS) & (2 * known_sizes > sizes)
    chosen[0] = False
    return {int(label): int(sizes[label]) for label in np.flatnonzero(chosen)}


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
