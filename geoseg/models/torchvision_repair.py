"""Heal a torchvision whose compiled operators cannot load.

PyPI's torchvision is built for CUDA. Beside a CPU-only torch its operator library does not load and
``import torchvision``, hence timm and segmentation_models_pytorch, dies with ``operator
torchvision::nms does not exist``. Nothing that geoseg's dense model needs is in that library, so the
two operators that the import asks for are declared, ``nms`` with an implementation in plain torch
(torchvision brings its own plain ``roi_align``), and torchvision is imported again. A whole
torchvision is left as it is.
"""

from __future__ import annotations

import importlib
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_SYMPTOM = "torchvision::nms does not exist"
_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_BLOCK = 256
"""Boxes compared with each other at a time."""
_libraries: list[torch.library.Library] = []  # dropping a Library unregisters its operators


@cache
def ensure_torchvision() -> bool:
    """Make ``import torchvision`` work; call it before importing timm or SMP.

    Returns:
        True when torchvision was broken and is healed, False when it was whole.
    """
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if _SYMPTOM not in str(error):
            raise
        _forget_half_imported()
        _declare_operators()
        importlib.import_module("torchvision")
        _lift_guard()
        return True
    return False


def plain_nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Non-maximum suppression in plain torch.

    Args:
        boxes: (n, 4) as x1, y1, x2, y2.
        scores: (n,).
        iou_threshold: boxes that overlap a better one by more than this are dropped.

    Returns:
        Indices of the kept boxes, best score first.
    """
    import torch

    order = torch.argsort(scores, descending=True, stable=True)
    keep = [order[:0]]
    while order.numel() > 0:
        block, rest = order[:_BLOCK], order[_BLOCK:]
        block = block[_survivors(_iou(boxes[block], boxes[block]) > iou_threshold)]
        keep.append(block)
        order = rest[~(_iou(boxes[rest], boxes[block]) > iou_threshold).any(dim=1)]
    return torch.cat(keep)


def _survivors(overlap: torch.Tensor) -> torch.Tensor:
    """(n,) True for boxes that no better survivor overlaps; ``overlap`` is (n, n), best first.

    Every round settles at least one more box, in order, so the fixed point is the one-by-one result.
    """
    import torch

    better = overlap.triu(diagonal=1)
    alive = torch.ones(len(overlap), dtype=torch.bool, device=overlap.device)
    while True:
        now = ~(better & alive[:, None]).any(dim=0)
        if torch.equal(now, alive):
            return alive
        alive = now


def _iou(boxes: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """(n, m) intersection over union of (n, 4) boxes with (m, 4) others."""
    import torch

    low = torch.maximum(boxes[:, None, :2], others[None, :, :2])
    high = torch.minimum(boxes[:, None, 2:], others[None, :, 2:])
    overlap = (high - low).clamp(min=0).prod(dim=2)
    areas, more = ((part[:, 2:] - part[:, :2]).prod(dim=1) for part in (boxes, others))
    union = areas[:, None] + more[None] - overlap
    return overlap / union.clamp(min=torch.finfo(overlap.dtype).tiny)


def _forget_half_imported() -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]


def _declare_operators() -> None:
    import torch

    library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
    for schema in _SCHEMAS:
        library.define(schema)
    library.impl("nms", plain_nms, "CompositeExplicitAutograd")
    _libraries.append(library)


def _lift_guard() -> None:
    """``torchvision.ops.nms`` asks whether the compiled library is there; the plain one serves."""
    boxes = importlib.import_module("torchvision.ops.boxes")
    boxes._assert_has_ops = lambda: None  # type: ignore[attr-defined] # noqa: SLF001
