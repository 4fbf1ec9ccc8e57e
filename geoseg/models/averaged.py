"""The mean of a dense model's maps of the image and of itself turned by half, for twice the work.

A network gives slightly different answers to a picture and to the same one upside down, and their
errors partly cancel. The mean is as exact as the network: tiles start and end at multiples of the
stride, so a turned tile lies on the turned raster's lattice, and nothing is seen farther than before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from geoseg.errors import UsageError
from geoseg.models.asking import parts_maps
from geoseg.models.protocols import DenseModel
from geoseg.models.traits import Traits
from geoseg.types import FILL_GREY, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoseg.models.protocols import InstanceModel

VIEWS = 2
"""As it is and turned by half. Mirror images beside these two double the work and bring a tenth as much."""


def views_of(*, averaged: bool) -> int:
    """In how many views a tile is looked at."""
    return VIEWS if averaged else 1


def averaged(model: DenseModel | InstanceModel) -> AveragedModel:
    """The same model, averaged.

    Raises:
        UsageError: it predicts no maps.
    """
    if not isinstance(model, DenseModel):
        raise UsageError(
            "test-time augmentation (--tta) averages maps, and this model predicts separate masks; "
            "run it without"
        )
    return AveragedModel(model)


@overload
def averaged_if(model: DenseModel, wanted: bool | None, *, enlarged: bool) -> DenseModel: ...
@overload
def averaged_if(
    model: DenseModel | InstanceModel, wanted: bool | None, *, enlarged: bool
) -> DenseModel | InstanceModel: ...
def averaged_if(
    model: DenseModel | InstanceModel, wanted: bool | None, *, enlarged: bool
) -> DenseModel | InstanceModel:
    """The model as it is to look at a photo; see :meth:`Traits.averages`.

    Raises:
        UsageError: it is wanted averaged and predicts no maps.
    """
    known = Traits.of(model)
    anew = known.averages(wanted, enlarged=enlarged) and not known.averaged
    return averaged(model) if anew else model


class AveragedModel:
    """A dense model; everything but its maps is as the averaged model has it."""

    gsd_m: tuple[float, float] | None
    stride_px: int
    halo_px: int
    heads: tuple[str, ...]

    def __init__(self, model: DenseModel) -> None:
        self._model = model
        self.gsd_m, self.heads = model.gsd_m, model.heads
        self.stride_px, self.halo_px = model.stride_px, model.halo_px
        known = Traits.of(model)
        self.traits = replace(known, averaged=True, at_once=-(-known.at_once // VIEWS))
        """What is known of the averaged model, and that this averages it."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the model has
        if name == "_model":  # asked for before __init__, by copying
            raise AttributeError(name)
        return getattr(self._model, name)

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The mean maps: (batch, 3, height, width) to (batch, heads, height, width)."""
        return self.predict_part(images, Window(0, 0, *images.shape[-2:]))

    def predict_part(self, images: NDArray[np.uint8], part: Window) -> NDArray[np.float32]:
        """The mean maps of a part of the images."""
        whole = self._whole_strides(images)
        there = _turned_window(part, whole.shape[-2:])
        plain, turned = parts_maps(
            self._model, [(whole, part), (np.ascontiguousarray(_turned(whole)), there)]
        )
        mean: NDArray[np.float32] = (plain + _turned(turned)) / np.float32(VIEWS)
        return mean

    def _whole_strides(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Completed below and to the right, so that turned pixels lie on the lattice too."""
        below, right = (-side % self.stride_px for side in images.shape[-2:])
        if not (below or right):
            return images
        border = ((0, 0), (0, 0), (0, below), (0, right))
        return np.pad(images, border, constant_values=FILL_GREY)


def _turned(array: NDArray[Any]) -> NDArray[Any]:
    """By half, in its last two axes."""
    return array[..., ::-1, ::-1]


def _turned_window(window: Window, size: tuple[int, ...]) -> Window:
    """Where the window's pixels are in the turned image of ``size`` (height, width)."""
    row_off, col_off = size[0] - window.row_end, size[1] - window.col_end
    return Window(row_off, col_off, window.height, window.width)
