"""What several adapters need: files, devices, masks."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import ModelError
from geoseg.models.protocols import Instance

UNPICKLING_ERRORS = (
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What opening a file as a pickle raises, by what its bytes happen to mean."""


def first_line(error: BaseException) -> str:
    """What an error says, or its kind where it says nothing."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def local_file(text: str, what: str, suffixes: tuple[str, ...]) -> Path:
    """The path of a file that exists and ends as it should; never an address."""
    path = Path(text)
    if path.suffix.lower() not in suffixes:
        raise ModelError(f"{what} must be a file ending in {' or '.join(suffixes)}, got {text!r}")
    if not path.is_file():
        raise ModelError(f"there is no {what} {path}; nothing is downloaded, name a local file")
    return path


def cropped(mask: NDArray[np.bool_], score: float) -> Instance | None:
    """The instance of a mask as large as the image; None for an empty one."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    part = mask[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    return Instance(part.copy(), int(rows[0]), int(cols[0]), score)


def all_cropped(masks: NDArray[np.bool_], scores: NDArray[np.floating]) -> list[Instance]:
    """Instances of (n, height, width) masks, without empty ones."""
    found = (cropped(mask, float(score)) for mask, score in zip(masks, scores, strict=True))
    return [instance for instance in found if instance is not None]
