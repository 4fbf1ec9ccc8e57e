"""What was measured of a network's maps, kept among the tensors of a model file: what int8 needs.

It belongs to the weights that it was measured with. So what reads tensors to learn from them does not see it,
and other weights are written without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from geoseg.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T")

_PREFIX = "eight_bits"
_LARGEST, _MEANS = f"{_PREFIX}.largest.", f"{_PREFIX}.means."


@dataclass(frozen=True, slots=True)
class Measured:
    """What the maps at one place of a network were like, over many images."""

    largest: float
    """Size that values of either sign are cut off at."""
    means: NDArray[np.float32]
    """(channels,)."""

    def __post_init__(self) -> None:
        if not (np.isfinite(self.largest) and self.largest > 0 and np.isfinite(self.means).all()):
            raise ModelError("what was measured for int8 holds no usable numbers")


def network_alone(tensors: Mapping[str, T]) -> dict[str, T]:
    """The tensors of the network, without what was measured of it."""
    return {name: one for name, one in tensors.items() if not name.startswith(f"{_PREFIX}.")}


def names_measured(names: Iterable[str]) -> bool:
    """Whether something measured is among tensors of these names."""
    return any(name.startswith(_LARGEST) for name in names)


def measured_in(tensors: Mapping[str, NDArray[np.generic]]) -> dict[str, Measured]:
    """What was measured, by the name of the place in the network; empty: nothing.

    Raises:
        ModelError: it is damaged.
    """
    found = {}
    for name, largest in tensors.items():
        if name.startswith(_LARGEST):
            place = name.removeprefix(_LARGEST)
            means = tensors.get(_MEANS + place)
            if means is None or largest.size != 1:
                raise ModelError(f"what was measured for int8 at {place} is incomplete")
            found[place] = Measured(float(largest.item()), means.astype(np.float32))
    return found


def as_tensors(measured: Mapping[str, Measured]) -> dict[str, NDArray[np.generic]]:
    """The reverse of ``measured_in``."""
    kept: dict[str, NDArray[np.generic]] = {}
    for place, one in measured.items():
        kept[_LARGEST + place] = np.array([one.largest], np.float32)
        kept[_MEANS + place] = one.means
    return kept
