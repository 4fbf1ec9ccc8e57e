"""The convolutions of a U-Net as arrays, batch norms folded in: what a graph is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from geoseg.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

ENCODER_EPS, DECODER_EPS = 1e-3, 1e-5
"""Added to variances: TensorFlow's value in encoders that come from there, torch's elsewhere."""


class Tensors:
    """The tensors of a model file, by name; notes which of them were asked for."""

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        self._arrays = arrays
        self._left = {name for name in arrays if not name.endswith("num_batches_tracked")}

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def take(self, name: str) -> Floats:
        """One tensor as float32.

        Raises:
            ModelError: it is not there.
        """
        if name not in self._arrays:
            raise ModelError(f"the tensor {name} is missing")
        self._left.discard(name)
        return self._arrays[name].astype(np.float32)

    def folded(self, conv: str, norm: str, eps: float) -> tuple[Floats, Floats]:
        """Weights (out, in, height, width) and bias (out,) of a convolution and the norm after it."""
        weight = self.take(f"{conv}.weight")
        scale = self.take(f"{norm}.weight") / np.sqrt(
            self.take(f"{norm}.running_var") + np.float32(eps)
        )
        bias = self.take(f"{norm}.bias") - self.take(f"{norm}.running_mean") * scale
        return weight * scale[:, None, None, None], bias

    def check_all_used(self) -> None:
        """Refuse a file that holds more than the network has.

        Raises:
            ModelError: naming one of the tensors that nothing asked for.
        """
        if self._left:
            raise ModelError(f"the tensor {min(self._left)} has no place in it")


def spread(weight: Floats) -> Floats:
    """The kernel of one transposed convolution that enlarges and convolves.

    Repeating every pixel twice each way (``nearest``) and convolving by 3 x 3 after it is one
    transposed convolution with a kernel of 4 x 4, stride 2 and padding 1: every pixel of the small
    image reaches the 4 x 4 pixels around its 2 x 2 copies, by the sums of the weights that meet there.

    Args:
        weight: (out, in, 3, 3), of the convolution after the enlargement.

    Returns:
        (in, out, 4, 4).
    """
    out, into = weight.shape[:2]
    kernel = np.zeros((into, out, 4, 4), np.float32)
    turned = weight.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    for row in (0, 1):
        for col in (0, 1):
            kernel[:, :, row : row + 3, col : col + 3] += turned
    return kernel
