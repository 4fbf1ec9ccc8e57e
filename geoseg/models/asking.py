"""Asking a dense model for the maps of a part of an image, and rounding what it answers, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geoseg.errors import ModelError
from geoseg.models.protocols import PartModel, TogetherModel
from geoseg.types import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geoseg.models.protocols import DenseModel


def core_maps(model: DenseModel, images: NDArray[np.uint8], core: Window) -> NDArray[np.float32]:
    """The (batch, heads, core height, core width) probabilities of a part of the images.

    Args:
        model: Predicts maps; one that can leave out the rest does.
        images: (batch, 3, height, width).
        core: Within the images.
    """
    if isinstance(model, PartModel):
        return _checked(model.predict_part(images, core), images, core, model)
    height, width = images.shape[2:]
    whole = Window(0, 0, height, width)
    answer = _checked(model.predict_maps(images), images, whole, model)
    return answer[..., *core.slices_in(whole)]


def parts_maps(
    model: DenseModel, asked: Sequence[tuple[NDArray[np.uint8], Window]]
) -> list[NDArray[np.float32]]:
    """:func:`core_maps` of each, computed together by a model that can."""
    if not isinstance(model, TogetherModel):
        return [core_maps(model, images, core) for images, core in asked]
    answers = model.predict_parts(asked)
    return [
        _checked(answer, images, core, model)
        for answer, (images, core) in zip(answers, asked, strict=True)
    ]


def quantize(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Probabilities 0..1 to 0..255, rounded half to even."""
    exact = probabilities * np.float32(255)
    levels: NDArray[np.uint8] = np.rint(exact, out=exact).astype(np.uint8)
    return levels


def _checked(
    answer: NDArray[np.float32], images: NDArray[np.uint8], part: Window, model: DenseModel
) -> NDArray[np.float32]:
    expected = (len(images), len(model.heads), part.height, part.width)
    if answer.shape != expected:
        raise ModelError(
            f"the model returned maps of shape {answer.shape} for images of shape "
            f"{images.shape}; with heads {model.heads} they must be of shape {expected}"
        )
    low, high = float(answer.min()), float(answer.max())
    if not (low >= 0 and high <= 1):
        raise ModelError(
            f"the model returned values from {low} to {high}; probabilities lie within 0..1 "
            "(apply the sigmoid inside the model)"
        )
    return answer
