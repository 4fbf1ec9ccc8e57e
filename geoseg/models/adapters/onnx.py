"""ONNX files by onnxruntime: geoseg's own dense models, and YOLO-seg as ultralytics exports it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import MissingDependencyError, ModelError
from geoseg.models.adapters.common import local_file
from geoseg.models.adapters.onnx_yolo import YoloOnnx
from geoseg.models.weights import METADATA_KEY, Metadata, parse_metadata

if TYPE_CHECKING:
    from torch import nn

IMAGES, MAPS = "images", "maps"
"""Names of the input and the output of geoseg's own files."""


def load_onnx(text: str, device: str) -> DenseOnnx | YoloOnnx:
    """The model in a local ``.onnx`` file, told apart by the file's metadata."""
    path = local_file(text, "ONNX file", (".onnx",))
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingDependencyError(
            "onnx: models need onnxruntime: pip install 'geoseg[onnx]'"
        ) from error
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    providers = [
        name for name in _providers(device) if name in onnxruntime.get_available_providers()
    ]
    try:
        session = onnxruntime.InferenceSession(path, providers=providers)
    except (
        state.Fail,
        state.InvalidArgument,
        state.InvalidGraph,
        state.InvalidProtobuf,
        state.NotImplemented,
    ) as error:
        raise ModelError(f"onnxruntime cannot open {path}: {error}") from error
    properties = session.get_modelmeta().custom_metadata_map
    if METADATA_KEY in properties:
        metadata = parse_metadata(path, properties[METADATA_KEY])
        return DenseOnnx(session, metadata, _device_of(session))
    if properties.get("task") == "segment":
        return YoloOnnx(session, path.stem, _device_of(session))
    raise ModelError(
        f"{path} is neither a dense model written by geoseg nor a YOLO-seg export of ultralytics; "
        "wrap other networks in a class of your own and name it as package.module:Class"
    )


def _providers(device: str) -> list[str]:
    cuda = device == "auto" or device.startswith("cuda")
    return ["CUDAExecutionProvider", "CPUExecutionProvider"] if cuda else ["CPUExecutionProvider"]


def _device_of(session: Any) -> str:  # noqa: ANN401  # onnxruntime
    return "cuda" if session.get_providers()[0] == "CUDAExecutionProvider" else "cpu"


class DenseOnnx:
    """A ``DenseModel`` whose file holds normalisation and sigmoid too: bytes in, maps out."""

    sha256 = ""
    """Of the file, where it comes from one."""

    def __init__(
        self,
        session: Any,  # noqa: ANN401  # onnxruntime
        metadata: Metadata,
        device: str = "",
    ) -> None:
        self.gsd_m = metadata.gsd_m
        self.stride_px = metadata.architecture.stride_px
        self.halo_px = metadata.halo_px
        self.heads = metadata.architecture.heads
        self.name = metadata.name
        self.metadata = metadata
        self.device = device
        """Where the network runs; empty: unknown."""
        self._session = session

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(batch, 3, height, width) RGB to (batch, heads, height, width) in 0..1."""
        maps: NDArray[np.float32] = self._session.run([MAPS], {IMAGES: images})[0]
        return maps


def write_dense_onnx(network: nn.Module, metadata: Metadata, path: Path) -> None:
    """Write a dense network that gives logits as a file for ``onnx:``."""
    try:
        import onnx
    except ImportError as error:
        raise MissingDependencyError(
            "writing ONNX files needs the onnx package: pip install 'geoseg[onnx]'"
        ) from error
    import torch

    from geoseg.models.adapters.onnx_export import WithProbabilities

    example = torch.zeros((1, 3, 2 * metadata.architecture.stride_px, 64), dtype=torch.uint8)
    axes = {0: "batch", 2: "height", 3: "width"}
    torch.onnx.export(
        WithProbabilities(network, metadata.mean, metadata.std).eval(),
        (example,),
        str(path),
        input_names=[IMAGES],
        output_names=[MAPS],
        dynamic_axes={IMAGES: axes, MAPS: axes},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(path)
    model.metadata_props.add(key=METADATA_KEY, value=metadata.model_dump_json())
    onnx.save(model, path)
