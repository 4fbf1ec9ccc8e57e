"""``roi_align`` from building blocks of torch, where torchvision's compiled one cannot load.

torchvision has a plain version of its own, but runs it through ``torch.compile``, which takes
minutes for the first call and a compiler on the machine. This one samples with ``grid_sample``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

BOXES_AT_A_TIME = 256
"""Bounds the memory."""


def plain_roi_align(
    features: torch.Tensor,
    boxes: torch.Tensor | Sequence[torch.Tensor],
    output_size: int | tuple[int, int],
    spatial_scale: float = 1.0,
    sampling_ratio: int = 2,
    aligned: bool = False,
) -> torch.Tensor:
    """Mean of ``sampling_ratio`` ** 2 bilinear samples in every bin of every box.

    Equals ``torchvision.ops.roi_align`` for boxes within the image and a positive sampling ratio.

    Args:
        features: (batch, channels, height, width).
        boxes: (n, 5) image index and x1, y1, x2, y2; or per image (n, 4).
        output_size: Bins per box, rows and columns.
        spatial_scale: From coordinates of the boxes to pixels of the features.
        sampling_ratio: Samples per bin and axis.
        aligned: Shift the boxes by half a pixel, as Detectron2 does.

    Returns:
        (n, channels, rows, columns).
    """
    import torch

    if not isinstance(boxes, torch.Tensor):
        numbered = [torch.nn.functional.pad(one, (1, 0), value=i) for i, one in enumerate(boxes)]
        boxes = torch.cat(numbered)
    bins = (output_size, output_size) if isinstance(output_size, int) else tuple(output_size)
    pooled = features.new_zeros((len(boxes), features.shape[1], *bins))
    corners = boxes[:, 1:].to(torch.promote_types(boxes.dtype, torch.float32)) * spatial_scale - (
        0.5 if aligned else 0.0
    )
    for image in range(len(features)):
        mine = torch.nonzero(boxes[:, 0] == image).flatten()
        for part in torch.split(mine, BOXES_AT_A_TIME):
            samples = _sample(features[image], corners[part], bins, max(sampling_ratio, 1))
            pooled = pooled.index_copy(0, part, samples.to(pooled.dtype))
    return pooled


def _sample(
    features: torch.Tensor, corners: torch.Tensor, bins: tuple[int, ...], ratio: int
) -> torch.Tensor:
    """(n, channels, rows, columns) of one image's (channels, height, width) features."""
    import torch
    from torch.nn.functional import avg_pool2d, grid_sample

    height, width = features.shape[1:]
    cols = _places(corners[:, 0], corners[:, 2], bins[1] * ratio, width)  # (n, samples)
    rows = _places(corners[:, 1], corners[:, 3], bins[0] * ratio, height)
    grid = torch.stack(
        [
            cols[:, None, :].expand(-1, rows.shape[1], -1),
            rows[:, :, None].expand(-1, -1, cols.shape[1]),
        ],
        dim=-1,
    )  # (n, rows, columns, x and y)
    # Half precision has too few digits for places.
    exact = features.float() if features.dtype.itemsize < 4 else features  # noqa: PLR2004  # bytes
    flat = grid.flatten(0, 1)[None].to(exact.dtype)  # (1, n * rows, columns, 2)
    values = grid_sample(exact[None], flat, padding_mode="border", align_corners=True)
    shape = (len(features), len(corners), rows.shape[1], cols.shape[1])
    values = values[0].reshape(shape).transpose(0, 1)  # (n, channels, rows, columns)
    return avg_pool2d(values, ratio)


def _places(start: torch.Tensor, end: torch.Tensor, count: int, size: int) -> torch.Tensor:
    """(n, count) centres of equal steps from start to end; -1..1 are the first and last pixel."""
    import torch

    step = (end - start).clamp(min=1.0) / count
    place = start[:, None] + step[:, None] * (
        torch.arange(count, device=start.device, dtype=start.dtype) + 0.5
    )
    return place * (2.0 / max(size - 1, 1)) - 1.0


def use_plain_roi_align() -> None:
    """Let Mask R-CNN's pooling and its training targets use the plain version."""
    from torchvision.models.detection import roi_heads
    from torchvision.ops import poolers

    poolers.roi_align = plain_roi_align
    roi_heads.roi_align = plain_roi_align
