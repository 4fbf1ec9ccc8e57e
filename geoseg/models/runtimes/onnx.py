"""Dense models in ``.onnx`` files that onnxruntime runs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from geoseg.errors import ModelError, UsageError
from geoseg.models.extras import INT8_NOT_IN_GRAPH, require
from geoseg.models.facts import DenseFacts
from geoseg.models.images import check_images
from geoseg.models.runtimes.given import BYTES, check_ends, checked_metadata
from geoseg.models.strides import round_up
from geoseg.types import FILL_GREY, Window

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from geoseg.models.weights import Metadata
    from geoseg.settings import Precision

CUDA = "CUDAExecutionProvider"
_LEFT_OUT = ["Pad_Fusion"]
"""Of onnxruntime's optimisers: it moves zeros padded before a MaxPool into that, where they no longer count."""


class OnnxDenseModel(DenseFacts):
    """A graph that onnxruntime runs, image by image, so that maps do not depend on the batch."""

    precision = "fp32"
    """In what it computes."""

    def __init__(
        self,
        session: Any,  # noqa: ANN401  # an onnxruntime.InferenceSession
        metadata: Metadata,
        *,
        sha256: str = "",
    ) -> None:
        import onnxruntime

        super().__init__(metadata, sha256)
        self.device = device_of(session)
        """Where it runs."""
        self.runtime = f"onnxruntime {onnxruntime.__version__}"
        """What runs it."""
        self._session = session
        self._taken = session.get_inputs()[0]
        self._bytes_in = self._taken.type in BYTES
        self._logits = metadata.graph is not None and metadata.graph.output == "logits"

    @classmethod
    def from_graph(
        cls, path: Path, *, device: str = "auto", precision: Precision = "auto"
    ) -> OnnxDenseModel:
        """Read an ``.onnx`` file; one that does not fit its metadata gives a ModelError."""
        if precision == "int8":
            raise UsageError(INT8_NOT_IN_GRAPH.format(path=path))
        if precision == "bf16":
            raise UsageError(
                "onnxruntime computes in the numbers that the file holds, not in bf16; use --precision fp32"
            )
        metadata, sha256 = checked_metadata(path)
        session = open_session(path, device)
        ends = (
            [(each.type, [side if isinstance(side, int) else None for side in each.shape])]
            for each in (session.get_inputs()[0], session.get_outputs()[0])
        )
        check_ends(path, metadata, *ends)
        return cls(session, metadata, sha256=sha256)

    def predict_part(self, images: NDArray[np.uint8], part: Window) -> NDArray[np.float32]:
        """The maps of a part of the images alone: (batch, heads, part's height, part's width)."""
        check_images(images, part, len(self.metadata.mean))
        maps = np.empty((len(images), len(self.heads), part.height, part.width), np.float32)
        for index, image in enumerate(images):
            maps[index] = self._maps_of(self._prepared(image))[:, *_slices(part)]
        return maps

    def _maps_of(self, image: NDArray[np.generic]) -> NDArray[np.float32]:
        """(bands, height, width), whole strides, to (heads, height, width)."""
        answer = self._session.run(None, {self._taken.name: image[None]})[0]
        wanted = (1, len(self.heads), *image.shape[1:])
        if answer.shape != wanted:
            raise ModelError(
                f"the graph of {self.name} gives maps of shape {answer.shape} for images of "
                f"{image.shape[1]} x {image.shape[2]} pixels; with heads {self.heads} they must be {wanted}"
            )
        maps: NDArray[np.float32] = np.asarray(answer[0], np.float32)
        if self._logits:
            maps = np.reciprocal(1 + np.exp(-maps), dtype=np.float32)
        return maps

    def _prepared(self, image: NDArray[np.uint8]) -> NDArray[np.generic]:
        """Scaled where the graph does not scale, and completed to whole strides, or the graph's size."""
        height, width = self._size(*image.shape[1:])
        ends = ((0, 0), (0, height - image.shape[1]), (0, width - image.shape[2]))
        if self._bytes_in:
            return np.pad(image, ends, constant_values=FILL_GREY)
        mean, std = (
            np.array(each, np.float32)[:, None, None]
            for each in (self.metadata.mean, self.metadata.std)
        )
        scaled = (image.astype(np.float32) / np.float32(255) - mean) / std
        return np.pad(scaled, ends)  # zeros, as the network's own padding

    def _size(self, height: int, width: int) -> tuple[int, int]:
        fixed = self._taken.shape[2:]
        wanted = tuple(
            own if isinstance(own, int) else round_up(side, self.stride_px)
            for own, side in zip(fixed, (height, width), strict=True)
        )
        if wanted[0] < height or wanted[1] < width:
            raise ModelError(
                f"the graph of {self.name} takes images of {wanted[0]} x {wanted[1]} pixels, a tile has "
                f"{height} x {width}; run with --tile {min(wanted)}, or export it with open height and width"
            )
        return wanted[0], wanted[1]


def open_session(path: Path, device: str) -> Any:  # noqa: ANN401  # an onnxruntime.InferenceSession
    """Open a file by onnxruntime.

    Raises:
        MissingDependencyError: it is not installed.
        ModelError: it cannot open the file.
        UsageError: it cannot use the device.
    """
    require("onnxruntime", f"{path.name} by onnxruntime", "onnx")
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    options = onnxruntime.SessionOptions()
    threads = os.environ.get("OMP_NUM_THREADS", "")
    options.intra_op_num_threads = int(threads) if threads.isdecimal() else 0
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            path, options, providers=_providers(device), disabled_optimizers=_LEFT_OUT
        )
    except (
        state.Fail,
        state.InvalidArgument,
        state.InvalidGraph,
        state.InvalidProtobuf,
        state.NotImplemented,
        state.RuntimeException,
    ) as error:
        raise ModelError(f"onnxruntime cannot open {path}: {error}") from error


def device_of(session: Any) -> str:  # noqa: ANN401  # onnxruntime
    """Where a session runs."""
    return "cuda" if session.get_providers()[0] == CUDA else "cpu"


def _providers(device: str) -> list[str]:
    import onnxruntime

    on_cpu = ["CPUExecutionProvider"]
    has_cuda = CUDA in onnxruntime.get_available_providers()
    if device.startswith("cuda") and not has_cuda:
        raise UsageError(
            f"the installed onnxruntime knows no {device}; install onnxruntime-gpu, or use --device cpu"
        )
    if device == "mps":
        raise UsageError("onnxruntime runs on processors and CUDA, not on mps; use --device cpu")
    return [CUDA, *on_cpu] if has_cuda and device != "cpu" else on_cpu


def _slices(part: Window) -> tuple[slice, slice]:
    return slice(part.row_off, part.row_end), slice(part.col_off, part.col_end)
