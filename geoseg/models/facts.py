"""What every dense model of geoseg's says of itself, whatever runs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from geoseg.types import Window

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from geoseg.models.weights import Metadata
    from geoseg.settings import Precision


class DenseFacts(ABC):
    """The facts of a model file, and maps asked for whole or in part: a ``geoseg.DenseModel``."""

    precision: Precision
    """In what it computes; never auto."""

    def __init__(self, metadata: Metadata, sha256: str) -> None:
        self.metadata = metadata
        """Everything about the model but its tensors."""
        self.name = metadata.name
        """The model's own name."""
        self.sha256 = sha256
        """SHA-256 of its file; empty for a model that came from none."""
        self.gsd_m = metadata.gsd_m
        self.stride_px = metadata.architecture.stride_px
        self.halo_px = metadata.halo_px
        self.heads = metadata.architecture.heads

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(batch, 3, height, width) RGB to (batch, heads, height, width) in 0..1."""
        return self.predict_part(images, Window(0, 0, *images.shape[-2:]))

    @abstractmethod
    def predict_part(self, images: NDArray[np.uint8], part: Window) -> NDArray[np.float32]:
        """The maps of a part of the images alone: (batch, heads, part's height, part's width)."""
