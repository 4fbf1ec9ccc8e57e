"""What becomes of a network's numbers while its graph is made: nothing, or whole numbers of eight bits.

In eight bits maps are rounded to 256 levels before every convolution, and weights to whole numbers. A convolution
then adds whole numbers, whose sum is the same in any order, so that maps do not depend on the loops that a
library takes for this size of window or that. Sums in single precision between rounded layers may differ in their
last bit, which can tip a rounding after them.

Weights go to 64 and not to 127. Without VNNI a processor adds two products of a byte and a weight in 16 bits, and
2 * 255 * 64 still fits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from geoseg.errors import ModelError
from geoseg.models.runtimes.library import operations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoseg.models.measured import Measured

    Floats = NDArray[np.float32]

Node = Any
"""Of a graph; the library comes without usable types."""

LARGEST_WEIGHT = 64
_LEVELS = 256
_CLIPPINGS = tuple(0.65 + 0.05 * step for step in range(8))
"""Shares of a channel's largest weight that are tried as the new largest."""


class Rounding(Protocol):
    """What a graph's builder asks of every map that a convolution takes, and of every kernel."""

    def maps(self, x: Node, name: str, *, signed: bool, largest: float | None = None) -> Node:
        """Maps, rounded.

        Args:
            x: (1, channels, height, width).
            name: of the place in the network.
            signed: whether values can be below 0.
            largest: size that they cannot exceed; None: not known without looking.
        """

    def kernel(self, weight: Floats, out_axis: int, name: str) -> tuple[Node, Floats]:
        """Weights, rounded, and what to add to the bias for it, (channels,).

        Args:
            weight: (out, in, height, width), (in, out, height, width) of transposed convolutions, or
                (channels, 1, 1, height, width) of those that keep channels apart.
            out_axis: where the channels of the answer are.
            name: of the place whose maps it takes.
        """


class Unrounded:
    """Single precision throughout."""

    def maps(self, x: Node, name: str, *, signed: bool, largest: float | None = None) -> Node:
        """As they are."""
        del name, signed, largest
        return x

    def kernel(self, weight: Floats, out_axis: int, name: str) -> tuple[Node, Floats]:
        """As it is."""
        del name
        return constant(weight), np.zeros(weight.shape[out_axis], np.float32)


class Watched(Unrounded):
    """Single precision; notes what eight bits would round."""

    def __init__(self) -> None:
        self.places: dict[str, Node] = {}
        """Name to maps, from the image on."""
        self.known: dict[str, float] = {}
        """Largest sizes that need no looking."""

    def maps(self, x: Node, name: str, *, signed: bool, largest: float | None = None) -> Node:
        """As they are, noted."""
        del signed
        self.places[name] = x
        if largest is not None:
            self.known[name] = largest
        return x


class EightBits:
    """Bytes and whole weights, by what was measured."""

    def __init__(self, measured: Mapping[str, Measured]) -> None:
        self._measured = measured

    def maps(self, x: Node, name: str, *, signed: bool, largest: float | None = None) -> Node:
        """Rounded to 256 levels, one of which is 0."""
        top = self._at(name).largest if largest is None else largest
        bottom = -top * 128 / 127 if signed else 0.0
        ends = [constant(np.full((1, 1, 1, 1), each)) for each in (bottom, top)]
        return operations().fake_quantize(x, *ends, *ends, _LEVELS)

    def kernel(self, weight: Floats, out_axis: int, name: str) -> tuple[Node, Floats]:
        """Whole numbers times a size for every channel of the answer.

        The bias makes up for what rounding adds to an answer on average: for a channel's mean, times the
        error of all weights that it meets.
        """
        whole, size = whole_weights(weight, out_axis)
        ops = operations()
        rounded = ops.multiply(ops.convert(ops.constant(whole), "f32"), constant(size))
        error = (whole * size - weight).sum(axis=(-2, -1))
        means = self._at(name).means
        if error.ndim == 3:  # noqa: PLR2004  # channels apart: (channels, 1, 1)
            return rounded, -error[:, 0, 0] * means
        if out_axis == 0:
            return rounded, -error @ means
        return (
            rounded,
            -means @ error / 4,
        )  # a pixel of the answer meets a quarter of the 4 x 4 weights

    def _at(self, name: str) -> Measured:
        if name not in self._measured:
            raise ModelError(f"nothing was measured at {name}")
        return self._measured[name]


def whole_weights(weight: Floats, out_axis: int) -> tuple[NDArray[np.int8], Floats]:
    """Whole numbers of at most ``LARGEST_WEIGHT`` and the size of 1, per channel of the answer.

    The few largest weights of a channel may be cut off where that makes the sum of squared errors less.
    """
    others = tuple(axis for axis in range(weight.ndim) if axis != out_axis)
    top = np.maximum(np.abs(weight).max(axis=others, keepdims=True), np.float32(1e-12))
    sizes = [(top * share / LARGEST_WEIGHT).astype(np.float32) for share in _CLIPPINGS]
    errors = [
        np.square(_whole(weight, size) * size - weight).sum(axis=others, keepdims=True)
        for size in sizes
    ]
    best = np.take_along_axis(np.stack(sizes), np.argmin(errors, axis=0)[None], axis=0)[0]
    return _whole(weight, best).astype(np.int8), best


def _whole(weight: Floats, size: Floats) -> Floats:
    rounded: Floats = np.clip(np.rint(weight / size), -LARGEST_WEIGHT, LARGEST_WEIGHT)
    return rounded


def constant(values: NDArray[np.generic]) -> Node:
    """Numbers of a graph, in single precision."""
    return operations().constant(np.ascontiguousarray(values, np.float32))
