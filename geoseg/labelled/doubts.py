"""Labels held against what a model finds: buildings without a label, labels without a building."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from geoseg.errors import UsageError
from geoseg.labelled.shift import Agreement, edge_agreement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoseg.models.loading import ModelSpec
    from geoseg.models.protocols import ThresholdedModel
    from geoseg.scenes.scene import Scene
    from geoseg.settings import Precision, Runtime

LABELLED_SHARE = 0.2
"""A building found whose labelled part is smaller than this has no label."""
SEEN_SHARE = 0.1
"""A label of which the model finds less than this is doubtful."""
LEAST_M2 = 15.0
"""Smaller ones are let pass: models miss and invent small buildings."""


@dataclass(frozen=True, slots=True)
class Doubts:
    """What a model and the labels of one chip do not agree on."""

    missing: int
    """Buildings found that have no label."""
    unseen: tuple[int, ...]
    """Numbers of the labels of which the model finds next to nothing."""
    missing_bits: NDArray[np.uint8]
    """Pixels of the missing buildings, packed."""
    shape: tuple[int, int]
    """Height and width of what is packed; the model's pixels, not the chip's."""
    agreement: Agreement
    """Of label outlines with those of the model's body map."""

    def missing_pixels(self, height: int, width: int) -> NDArray[np.bool_]:
        """(height, width), True on missing buildings, in the chip's own pixels."""
        packed = np.unpackbits(self.missing_bits, count=self.shape[0] * self.shape[1])
        rows = np.arange(height) * self.shape[0] // height
        cols = np.arange(width) * self.shape[1] // width
        pixels: NDArray[np.bool_] = packed.reshape(self.shape)[np.ix_(rows, cols)] > 0
        return pixels


def load_judge(
    model: ModelSpec,
    *,
    device: str = "auto",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
) -> ThresholdedModel:
    """The model to compare labels with.

    Raises:
        MissingDependencyError: what would run or judge it is not installed.
        UsageError: it does not give maps with thresholds.
    """
    from geoseg.models.extras import require
    from geoseg.models.loading import load_model
    from geoseg.models.protocols import DenseModel
    from geoseg.models.weights import Metadata

    require("cv2", "comparing labels with a model", "train")
    judge = load_model(model, device=device, precision=precision, runtime=runtime)
    if not (
        isinstance(judge, DenseModel) and isinstance(getattr(judge, "metadata", None), Metadata)
    ):
        raise UsageError(
            "labels can be compared with a dense model's maps only: name 'default' or a "
            ".safetensors file"
        )
    return cast("ThresholdedModel", judge)


def doubts_of(scene: Scene, model: ThresholdedModel) -> Doubts:
    """Compare the labels with what the model finds."""
    from geoseg.train.decoded import decode, labels_of, map_scene

    mapped = map_scene(model, scene, model.gsd_m or (scene.gsd_m, scene.gsd_m))
    shape = mapped.scene.labels.shape
    record = model.metadata
    found = labels_of(decode(mapped, record.decoding, record.calibration), *shape)
    _, numbers = np.unique(found, return_inverse=True)
    found_numbers = numbers.reshape(shape) + (0 if (found == 0).any() else 1)
    known = ~mapped.scene.ignore
    labelled = mapped.scene.labels > 0
    least_px = LEAST_M2 / mapped.scene.gsd_m**2
    missing = _mostly_without(found_numbers, labelled, known, LABELLED_SHARE, least_px)
    body = mapped.maps[model.heads.index("body")].astype(np.float64) / 255
    seen = (found_numbers > 0) | (body > 0.5)  # noqa: PLR2004 - more likely than not
    unseen = _mostly_without(
        mapped.scene.labels.astype(np.int64), seen, known, SEEN_SHARE, least_px
    )
    pixels = np.isin(found_numbers, missing)
    return Doubts(
        len(missing),
        tuple(int(number) for number in unseen),
        np.packbits(pixels),
        (shape[0], shape[1]),
        edge_agreement(mapped.scene, body),
    )


def _mostly_without(
    numbers: NDArray[np.int64],
    others: NDArray[np.bool_],
    known: NDArray[np.bool_],
    share: float,
    least_px: float,
) -> NDArray[np.intp]:
    """Numbers whose pixels are known, at least ``least_px``, and hardly ever among the others."""
    count = int(numbers.max()) + 1
    sizes = np.bincount(numbers.ravel(), minlength=count)
    known_sizes = np.bincount(numbers[known], minlength=count)
    shared = np.bincount(numbers[known & others], minlength=count)
    chosen = (sizes >= least_px) & (2 * known_sizes > sizes) & (shared < share * known_sizes)
    chosen[0] = False
    return np.flatnonzero(chosen)
