"""The built-in kind of model: a torch network that predicts maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from geoseg.errors import ModelError, UsageError
from geoseg.files.digest import sha256_of
from geoseg.models.device import choose_device
from geoseg.models.extras import INT8_BY_OPENVINO
from geoseg.models.facts import DenseFacts
from geoseg.models.folding import fold_batch_norms
from geoseg.models.forked import begin_threads
from geoseg.models.images import check_images
from geoseg.models.network import build_network
from geoseg.models.partial import Span, can_be_cut, part_of_logits
from geoseg.models.weights import Metadata, load_weights

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor, nn

    from geoseg.settings import Precision
    from geoseg.types import Window


class TorchDenseModel(DenseFacts):
    """A network with its weights on a device.

    The maps of an image do not depend on the batch that it comes in: convolutions pick their way
    of summing by the shape of the whole batch, so every image passes the network by itself.
    """

    def __init__(
        self,
        network: nn.Module,
        metadata: Metadata,
        *,
        sha256: str = "",
        device: str = "auto",
        precision: Precision = "auto",
    ) -> None:
        super().__init__(metadata, sha256)
        self.device = choose_device(device)
        """Where the network runs."""
        self._dtype = _choose_dtype(precision)
        self.precision = "fp32" if self._dtype is torch.float32 else "bf16"
        """In what it computes."""
        self.runtime = f"torch {torch.__version__}"
        """What runs it."""
        network = fold_batch_norms(network).to(self.device)
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        """A copy of the network in evaluation mode, batch norms folded: images in -1..1 to logits."""
        self._can_be_cut = can_be_cut(self.network)
        self._mean = _per_band(metadata.mean, self.device)
        self._std = _per_band(metadata.std, self.device)

    @classmethod
    def from_file(
        cls, path: Path, *, device: str = "auto", precision: Precision = "auto"
    ) -> TorchDenseModel:
        """Read a model file; one that does not fit gives a ModelError."""
        state, metadata = load_weights(path)
        network = build_network(metadata.architecture)
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            raise ModelError(
                f"the tensors in {path} do not fit the architecture that it names "
                f"({str(error).splitlines()[-1].strip()}); the file is damaged, export it again"
            ) from error
        return cls(network, metadata, sha256=sha256_of(path), device=device, precision=precision)

    def predict_part(self, images: NDArray[np.uint8], part: Window) -> NDArray[np.float32]:
        """The maps of a part of the images alone: (batch, heads, part's height, part's width)."""
        check_images(images, part, len(self._mean))
        if self.device.type == "cpu" and torch.get_num_threads() > 1:
            begin_threads("torch")
        maps = np.empty((len(images), len(self.heads), part.height, part.width), np.float32)
        with torch.inference_mode(), _exact_arithmetic():
            for index, image in enumerate(images):
                maps[index] = self._maps_of(image, part).cpu().numpy()
        return maps

    def _maps_of(self, image: NDArray[np.uint8], part: Window) -> Tensor:
        """(3, height, width) to (heads, part's height, part's width)."""
        height, width = image.shape[1:]
        below, right = -height % self.stride_px, -width % self.stride_px
        pixels = torch.from_numpy(np.ascontiguousarray(image))[None].to(self.device)
        # In place: a tile's pixels as floats are large.
        scaled = pixels.to(torch.float32, memory_format=torch.channels_last)
        scaled = scaled.div_(255).sub_(self._mean).div_(self._std)
        padded = torch.nn.functional.pad(scaled, (0, right, 0, below)) if below or right else scaled
        padded = padded.contiguous(memory_format=torch.channels_last)
        del scaled
        low = self._dtype is not torch.float32
        with torch.autocast(self.device.type, dtype=self._dtype, enabled=low):
            logits = self._logits(padded, part)
        return torch.sigmoid(logits[0].float())

    def _logits(self, images: Tensor, part: Window) -> Tensor:
        """(1, 3, height, width) to (1, heads, part's height, part's width)."""
        rows, cols = Span(part.row_off, part.row_end), Span(part.col_off, part.col_end)
        if self._can_be_cut:
            return part_of_logits(self.network, images, (rows, cols))
        whole: Tensor = self.network(images)
        return whole[..., rows.start : rows.stop, cols.start : cols.stop]


def _choose_dtype(precision: str) -> torch.dtype:
    """Auto is fp32: only there do tiled maps equal those of the whole image to 1e-5."""
    dtypes = {"auto": torch.float32, "fp32": torch.float32, "bf16": torch.bfloat16}
    if precision == "int8":
        raise UsageError(INT8_BY_OPENVINO.format(runtime="torch"))
    if precision not in dtypes:
        raise UsageError(f"precision {precision!r} is unknown; use one of {', '.join(dtypes)}")
    return dtypes[precision]


def _per_band(values: tuple[float, ...], device: torch.device) -> Tensor:
    return torch.tensor(values, device=device)[:, None, None]  # (bands, 1, 1)


def _exact_arithmetic() -> AbstractContextManager[None]:
    """No TF32 and no algorithm picked by a race against the clock, on GPUs."""
    exact: AbstractContextManager[None] = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    )
    return exact
