"""A part of a U-Net's output, without computing the rest of the decoder.

The context of a tile is there for the *encoder*, whose coarsest pixels see far. The decoder, which
does most of the work, needs no more than the wanted part and a few pixels around it at every
resolution: two 3 x 3 convolutions per stage and the head's. Cut there, what is left equals the same
pixels of the whole.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import nn

if TYPE_CHECKING:
    from torch import Tensor

_STAGE_REACH_PX = 2
"""Two convolutions of 3 x 3."""
_POINTWISE = (nn.BatchNorm2d, nn.ReLU, nn.Identity)


@dataclass(frozen=True, slots=True)
class Span:
    """Rows, or columns, of maps at one resolution."""

    start: int
    """First."""
    stop: int
    """One past the last."""

    def __len__(self) -> int:
        return self.stop - self.start

    def halved(self, reach_px: int, length: int) -> Span:
        """The least span at half the resolution whose doubling holds this one and its reach.

        Args:
            reach_px: needed beyond both ends.
            length: of the whole at half the resolution; nothing lies beyond it.
        """
        stop = -(-(self.stop + reach_px) // 2)
        return Span(max((self.start - reach_px) // 2, 0), min(stop, length))

    def doubled(self) -> Span:
        """The same at twice the resolution."""
        return Span(2 * self.start, 2 * self.stop)

    def within(self, outer: Span) -> slice:
        """As a slice of an array that holds ``outer``."""
        return slice(self.start - outer.start, self.stop - outer.start)


Part = tuple[Span, Span]
"""Rows and columns."""


def can_be_cut(network: nn.Module) -> bool:
    """Whether ``part_of_logits`` knows how: a U-Net whose decoder sees 3 x 3 pixels at a time."""
    # A network of the library's cannot be here unless the library is.
    home = sys.modules.get("segmentation_models_pytorch.decoders.unet.model")
    if home is None or not isinstance(network, home.Unet):
        return False
    unet: Any = network
    return all(
        block.interpolation_mode == "nearest" and all(map(_sees_little, _leaves(block)))
        for block in unet.decoder.blocks
    )


def part_of_logits(network: nn.Module, images: Tensor, wanted: Part) -> Tensor:
    """``network(images)`` within an area, for a network that can be cut.

    Args:
        network: images to logits.
        images: (batch, 3, height, width), whole strides.
        wanted: (rows, columns), within the images.
    """
    unet: Any = network
    # Finest first, without the image itself; emptied on the way, to free each as soon as it is used.
    features: list[Tensor] = list(unet.encoder(images))[1:]
    areas = _areas(wanted, features, unet.segmentation_head)
    x = unet.decoder.center(features.pop())  # (batch, channels, height / stride, width / stride)
    have = _whole(x)
    for block, area in zip(unet.decoder.blocks, reversed(areas), strict=True):
        x, have = _cut(x, area, have), (area[0].doubled(), area[1].doubled())
        skip = features.pop() if features else None
        if skip is not None:
            skip = _cut(skip, have, _whole(skip))
        x = block(x, *map(len, have), skip_connection=skip)
    if _doubles(unet.segmentation_head):
        have = have[0].doubled(), have[1].doubled()
    return _cut(unet.segmentation_head(x), wanted, have)


def _areas(wanted: Part, features: list[Tensor], head: nn.Module) -> list[Part]:
    """What each stage of the decoder needs of its input, finest first."""
    areas: list[Part] = []
    reach_px = _head_reach_px(head)
    if _doubles(head):
        height, width = features[0].shape[-2:]
        wanted = (wanted[0].halved(2 * reach_px, height), wanted[1].halved(2 * reach_px, width))
        features, reach_px = features[1:], 0
    reach_px += _STAGE_REACH_PX
    for feature in features:
        height, width = feature.shape[-2:]
        wanted = (wanted[0].halved(reach_px, height), wanted[1].halved(reach_px, width))
        areas.append(wanted)
        reach_px = _STAGE_REACH_PX
    return areas


def _whole(x: Tensor) -> Part:
    return Span(0, x.shape[-2]), Span(0, x.shape[-1])


def _cut(x: Tensor, area: Part, have: Part) -> Tensor:
    return x[..., area[0].within(have[0]), area[1].within(have[1])]


def _leaves(module: nn.Module) -> list[nn.Module]:
    return [each for each in module.modules() if not list(each.children())]


def _sees_little(leaf: nn.Module) -> bool:
    if isinstance(leaf, nn.Conv2d):
        return leaf.kernel_size == (3, 3) and leaf.dilation == leaf.stride == (1, 1)
    return isinstance(leaf, _POINTWISE)


def _doubles(head: nn.Module) -> bool:
    """Whether it gives four pixels for every one that it reads."""
    return any(isinstance(m, nn.PixelShuffle) for m in head.modules())


def _head_reach_px(head: nn.Module) -> int:
    return sum(int(m.kernel_size[0]) // 2 for m in head.modules() if isinstance(m, nn.Conv2d))
