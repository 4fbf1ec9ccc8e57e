"""Arrays kept compressed, some rows at a time.

Maps and masks of a row of tiles are held as wide as the raster until they are decoded. Most of them
is empty or alike, so packed they take a small part of the room, and their size hardly grows with the
raster's width.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Self, TypeVar

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

CODEC = "lz4"
"""Faster than any network, on one core."""


@dataclass(frozen=True, slots=True)
class PackedRows(Generic[Scalar]):
    """An array of shape (..., rows, columns), compressed in pieces of ``step`` rows."""

    shape: tuple[int, ...]
    """Shape of the whole array."""
    dtype: np.dtype[Scalar]
    """Of its numbers."""
    step: int
    """Rows per piece; the last piece may have fewer."""
    packed: tuple[bytes | None, ...]
    """The pieces from top to bottom; None where all is zero."""

    @classmethod
    def of(cls, array: NDArray[Scalar], step: int) -> Self:
        """Pack an array."""
        starts = range(0, array.shape[-2], step)
        packed = tuple(_pack(array[..., start : start + step, :]) for start in starts)
        return cls(array.shape, array.dtype, step, packed)

    def piece(self, index: int) -> NDArray[Scalar] | None:
        """Rows from ``index * step`` on, read-only; None where all is zero."""
        data = self.packed[index]
        if data is None:
            return None
        rows = min(self.step, self.shape[-2] - index * self.step)
        shape = (*self.shape[:-2], rows, self.shape[-1])
        size = int(np.prod(shape)) * self.dtype.itemsize
        flat = np.frombuffer(pa.decompress(data, size, CODEC), self.dtype)
        return flat.reshape(shape)

    def whole(self) -> NDArray[Scalar]:
        """The array, writable."""
        array = np.zeros(self.shape, self.dtype)
        for index in range(len(self.packed)):
            piece = self.piece(index)
            if piece is not None:
                begin = index * self.step
                array[..., begin : begin + piece.shape[-2], :] = piece
        return array


def _pack(array: NDArray[Scalar]) -> bytes | None:
    if not array.any():
        return None
    packed: bytes = pa.compress(np.ascontiguousarray(array), CODEC, asbytes=True)
    return packed
