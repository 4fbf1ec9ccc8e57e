"""The built-in kind of network as an OpenVINO graph, made of its weights alone, without torch.

A U-Net on one of TensorFlow's EfficientNet lite encoders, as timm and segmentation_models_pytorch
build it: bytes to probabilities, normalisation and sigmoid included. Enlarging and the convolution
after it are one transposed convolution (``folded.spread``), and the skip's channels get a convolution
of their own, added: the same function by a third fewer multiplications in the decoder.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from geoseg.errors import ModelError
from geoseg.models.measured import network_alone
from geoseg.models.runtimes.folded import DECODER_EPS, ENCODER_EPS, Tensors, spread
from geoseg.models.runtimes.library import openvino, operations
from geoseg.models.runtimes.rounding import Unrounded, constant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from geoseg.models.runtimes.rounding import Rounding
    from geoseg.models.weights import Architecture, Metadata

    Floats = NDArray[np.float32]

Node = Any
"""Of a graph; the library comes without usable types."""

IMAGES, MAPS = "images", "maps"
"""Names of the input and the output."""
NORMALISED = "normalised"
"""Name of the node that the network itself begins after."""
_ENCODER = re.compile(r"tu-tf_efficientnet_lite[0-4]")
_SIX = 6.0
"""Where activations of the encoder end."""
_STAGE_STRIDES = (1, 2, 2, 2, 1, 2, 1)
"""Of the first block of every stage."""


def can_be_built(architecture: Architecture) -> bool:
    """Whether this module knows the network."""
    return architecture.family == "unet" and bool(_ENCODER.fullmatch(architecture.encoder))


def build_graph(
    arrays: Mapping[str, NDArray[np.generic]],
    metadata: Metadata,
    rounding: Rounding | None = None,
) -> Any:  # noqa: ANN401
    """An ``openvino.Model``: (1, 3, height, width) bytes to (1, heads, height, width) in 0..1.

    Height and width are open; both must be whole strides behind the node ``NORMALISED``.

    Args:
        arrays: tensors by name, those of what was measured among them or not.
        metadata: of the same file.
        rounding: what becomes of the numbers; None: single precision.

    Raises:
        ModelError: the tensors do not fit the architecture.
    """
    tensors, ops = Tensors(network_alone(arrays)), operations()
    images = ops.parameter([1, len(metadata.mean), -1, -1], np.uint8, name=IMAGES)
    try:
        network = _Unet(tensors, metadata.architecture, rounding or Unrounded())
        logits = network.logits(normalised(images, metadata), _brightest(metadata))
    except (RuntimeError, ValueError) as error:  # shapes that do not go together
        reason = str(error).strip().splitlines()[-1].strip()
        raise ModelError(reason) from error
    tensors.check_all_used()
    result = ops.result(ops.sigmoid(logits))
    result.output(0).get_tensor().set_names({MAPS})
    return openvino().Model([result], [images], metadata.name)


def normalised(images: Node, metadata: Metadata) -> Node:
    """Bytes to what the network was trained on: (batch, bands, height, width) both."""
    ops = operations()
    mean, std = (
        constant(np.reshape(each, (1, -1, 1, 1))) for each in (metadata.mean, metadata.std)
    )
    scaled = ops.divide(ops.convert(images, "f32"), constant(np.full((1, 1, 1, 1), 255)))
    result = ops.divide(ops.subtract(scaled, mean), std)
    result.set_friendly_name(NORMALISED)
    return result


def _brightest(metadata: Metadata) -> float:
    """The largest size of what ``normalised`` gives."""
    return max(
        abs(end - mean) / std
        for mean, std in zip(metadata.mean, metadata.std, strict=True)
        for end in (0, 1)
    )


@dataclass(frozen=True, slots=True)
class _Maps:
    """What a convolution takes."""

    name: str
    """Of the place in the network."""
    node: Node
    """(1, channels, height, width), rounded."""


class _Unet:
    """Encoder, decoder and head, step by step.

    Maps that a convolution takes go through the rounding first, which knows the place by its name.
    """

    def __init__(self, tensors: Tensors, architecture: Architecture, rounding: Rounding) -> None:
        self._tensors = tensors
        self._architecture = architecture
        self._rounding = rounding
        self._ops = operations()

    def logits(self, x: Node, brightest: float) -> Node:
        """(1, 3, height, width), no value of larger size than ``brightest``, to (1, heads, height, width)."""
        features = self._features(self._signed("image", x, brightest))
        x = features.pop()
        for index in range(len(self._architecture.decoder_channels)):
            x = self._decoded(x, features.pop() if features else None, f"decoder.blocks.{index}")
        head, side = "segmentation_head.0", self._architecture.head_px
        weight, bias = (self._tensors.take(f"{head}.{part}") for part in ("weight", "bias"))
        if len(weight) != len(self._architecture.heads) * side**2:
            raise ModelError(
                f"its head gives {len(weight)} maps and is to give {self._architecture.heads}"
            )
        logits = self._convolved(x, weight, bias)
        return self._ops.depth_to_space(logits, "depth_first", side) if side > 1 else logits

    def _features(self, x: _Maps) -> list[_Maps]:
        """Of the encoder, one for every halving of the resolution, finest first."""
        weight, bias = self._tensors.folded(
            "encoder.model.conv_stem", "encoder.model.bn1", ENCODER_EPS
        )
        x = self._relu6("encoder.model.conv_stem", self._convolved(x, weight, bias, stride=2))
        features = [x]
        for stage, first_stride in enumerate(_STAGE_STRIDES):
            for place in count():
                name = f"encoder.model.blocks.{stage}.{place}"
                if f"{name}.conv_dw.weight" not in self._tensors:
                    break
                stride = first_stride if place == 0 else 1
                if stride > 1:
                    features.append(x)
                x = features[-1] = self._block(x, name, stride)
        if len(features) != self._architecture.depth:
            raise ModelError(
                f"its encoder halves the resolution {len(features)} times and is to do so "
                f"{self._architecture.depth} times"
            )
        return features

    def _block(self, x: _Maps, name: str, stride: int) -> _Maps:
        """Widened (but in the first stage), convolved channel by channel, and narrowed."""
        widened = f"{name}.conv_pwl.weight" in self._tensors
        *steps, last = ("conv_pw", "conv_dw", "conv_pwl") if widened else ("conv_dw", "conv_pw")
        before = x
        for number, step in enumerate(steps, start=1):
            folded = self._tensors.folded(f"{name}.{step}", f"{name}.bn{number}", ENCODER_EPS)
            stepped = self._convolved(x, *folded, stride=stride if step == "conv_dw" else 1)
            x = self._relu6(f"{name}.{step}", stepped)
        folded = self._tensors.folded(f"{name}.{last}", f"{name}.bn{len(steps) + 1}", ENCODER_EPS)
        narrowed = self._convolved(x, *folded)
        if stride == 1 and _channels(before.node) == _channels(narrowed):
            narrowed = self._ops.add(narrowed, before.node)
        return self._signed(name, narrowed)

    def _decoded(self, x: _Maps, skip: _Maps | None, name: str) -> _Maps:
        """Twice the resolution, with what the encoder had there."""
        weight, bias = self._tensors.folded(f"{name}.conv1.0", f"{name}.conv1.1", DECODER_EPS)
        own = _channels(x.node)
        if weight.shape[1] != own + (0 if skip is None else _channels(skip.node)):
            raise ModelError(f"{name}.conv1.0 takes {weight.shape[1]} channels and gets others")
        kernel, more = self._rounding.kernel(spread(weight[:, :own]), 1, x.name)
        doubled = self._ops.convolution_backprop_data(
            x.node, kernel, [2, 2], pads_begin=[1, 1], pads_end=[1, 1]
        )
        bias = bias + more
        beside = (
            constant(bias.reshape(1, -1, 1, 1))
            if skip is None
            else self._convolved(skip, weight[:, own:], bias)
        )
        x = self._relu(f"{name}.conv1", self._ops.add(doubled, beside))
        folded = self._tensors.folded(f"{name}.conv2.0", f"{name}.conv2.1", DECODER_EPS)
        return self._relu(f"{name}.conv2", self._convolved(x, *folded))

    def _convolved(self, x: _Maps, weight: Floats, bias: Floats, *, stride: int = 1) -> Node:
        """Padded by zeros; TensorFlow pads more at the end where it halves an even size."""
        pad = weight.shape[-1] - stride  # both ends together
        begin, end = [pad // 2] * 2, [pad - pad // 2] * 2
        by_channel = weight.shape[1] == 1 and _channels(x.node) > 1
        call = self._ops.group_convolution if by_channel else self._ops.convolution
        kernel, more = self._rounding.kernel(weight[:, None] if by_channel else weight, 0, x.name)
        y = call(x.node, kernel, [stride] * 2, begin, end, [1, 1])
        return self._ops.add(y, constant((bias + more).reshape(1, -1, 1, 1)))

    def _relu6(self, name: str, x: Node) -> _Maps:
        cut = self._ops.clamp(x, 0.0, _SIX)
        return _Maps(name, self._rounding.maps(cut, name, signed=False, largest=_SIX))

    def _relu(self, name: str, x: Node) -> _Maps:
        return _Maps(name, self._rounding.maps(self._ops.relu(x), name, signed=False))

    def _signed(self, name: str, x: Node, largest: float | None = None) -> _Maps:
        return _Maps(name, self._rounding.maps(x, name, signed=True, largest=largest))


def _channels(node: Node) -> int:
    return int(node.output(0).get_partial_shape()[1].get_length())
