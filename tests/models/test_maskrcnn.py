"""Mask R-CNN where torchvision's compiled operators load, and where they do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from geoseg.errors import ModelError
from geoseg.models.adapters import load_adapter
from geoseg.models.adapters.maskrcnn import (
    MaskRcnn,
    MaskRcnnRecord,
    build_maskrcnn,
    draw_mask,
    save_maskrcnn,
)
from geoseg.models.adapters.roi_align import plain_roi_align
from geoseg.models.protocols import InstanceModel

pytestmark = pytest.mark.thorough

torch.set_num_threads(1)
IMAGES = np.random.default_rng(0).integers(0, 255, (2, 3, 96, 128), dtype=np.uint8)


def reference_roi_align(
    features: NDArray[np.float64], box: NDArray[np.float64], bins: int, scale: float, ratio: int
) -> NDArray[np.float64]:
    """By the definition: mean of bilinear samples, coordinates clamped to the first pixel."""
    x1, y1, x2, y2 = box * scale
    step_x, step_y = max(x2 - x1, 1) / bins, max(y2 - y1, 1) / bins
    out = np.zeros((features.shape[0], bins, bins))
    for row in range(bins):
        for col in range(bins):
            for i in range(ratio):
                for j in range(ratio):
                    y = y1 + step_y * (row + (i + 0.5) / ratio)
                    x = x1 + step_x * (col + (j + 0.5) / ratio)
                    out[:, row, col] += bilinear(features, y, x) / ratio**2
    return out


def bilinear(features: NDArray[np.float64], y: float, x: float) -> NDArray[np.float64]:
    height, width = features.shape[1:]
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    y0, x0 = int(y), int(x)
    y1, x1 = min(y0 + 1, height - 1), min(x0 + 1, width - 1)
    top = features[:, y0, x0] * (1 - x + x0) + features[:, y0, x1] * (x - x0)
    bottom = features[:, y1, x0] * (1 - x + x0) + features[:, y1, x1] * (x - x0)
    return top * (1 - y + y0) + bottom * (y - y0)


def test_plain_roi_align_is_the_definition() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(2, 3, 12, 17))
    corners = np.sort(rng.uniform(0, [68, 48], (6, 2, 2)), axis=1).reshape(6, 4)
    corners[5] = [0, 0, 68, 48]
    boxes = [torch.from_numpy(corners[:2]), torch.from_numpy(corners[2:])]
    pooled = plain_roi_align(torch.from_numpy(features), boxes, 5, 0.25, 2).numpy()
    for number, corner in enumerate(corners):
        image = features[0 if number < 2 else 1]
        expected = reference_roi_align(image, corner, 5, 0.25, 2)
        np.testing.assert_allclose(pooled[number], expected, atol=1e-9)


def test_plain_roi_align_without_boxes() -> None:
    assert plain_roi_align(torch.zeros(1, 4, 8, 8), [torch.zeros(0, 4)], 7).shape == (0, 4, 7, 7)


def test_masks_are_drawn_as_torchvision_draws_them() -> None:
    build_maskrcnn(MaskRcnnRecord(backbone="resnet18"))
    from torchvision.models.detection.roi_heads import paste_masks_in_image

    torch.manual_seed(0)
    masks = torch.rand(40, 1, 28, 28)
    low = torch.rand(40, 2) * torch.tensor([110.0, 80.0]) - 5
    boxes = torch.cat([low, low + 1 + torch.rand(40, 2) * 60], dim=1)
    pasted = paste_masks_in_image(masks, boxes, (96, 128), padding=1)[:, 0].numpy() > 0.5
    for number in range(40):
        whole = np.zeros((96, 128), np.bool_)
        one = draw_mask(masks[number, 0], boxes[number].numpy(), 0.5, (96, 128))
        if one is not None:
            rows = slice(one.row_off, one.row_off + one.mask.shape[0])
            whole[rows, one.col_off : one.col_off + one.mask.shape[1]] = one.mask
        np.testing.assert_array_equal(whole, pasted[number])


@pytest.mark.parametrize("version", [pytest.param("v1", marks=pytest.mark.thorough), "v2"])
def test_a_file_gives_the_same_model_again(version: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    record = MaskRcnnRecord(
        version=version, backbone="resnet18", score_threshold=0.01, detections=20, gsd_m=(0.2, 0.5)
    )
    network = build_maskrcnn(record)
    path = tmp_path / "m.safetensors"
    save_maskrcnn(network, record, path)
    model = load_adapter(f"maskrcnn:{path}", "cpu")
    assert isinstance(model, InstanceModel)
    assert model.gsd_m == (0.2, 0.5)
    expected = MaskRcnn(network, record, "cpu").predict_instances(IMAGES)
    found = model.predict_instances(IMAGES)
    assert [len(one) for one in found] == [len(one) for one in expected]
    assert sum(len(one) for one in found) > 0
    for one, other in zip(found[0], expected[0], strict=True):
        assert (one.row_off, one.col_off, one.score) == (other.row_off, other.col_off, other.score)
        np.testing.assert_array_equal(one.mask, other.mask)
        assert one.row_off + one.mask.shape[0] <= 96
        assert one.col_off + one.mask.shape[1] <= 128


def test_it_can_be_trained() -> None:
    torch.manual_seed(0)
    network = build_maskrcnn(MaskRcnnRecord(backbone="resnet18")).train()
    mask = torch.zeros(1, 64, 64, dtype=torch.uint8)
    mask[0, 10:40, 20:50] = 1
    target = {
        "boxes": torch.tensor([[20.0, 10.0, 50.0, 40.0]]),
        "labels": torch.tensor([1]),
        "masks": mask,
    }
    losses = network([torch.rand(3, 64, 64)], [target])
    sum(losses.values()).backward()
    grads = [p.grad for p in network.roi_heads.mask_head.parameters()]
    assert all(grad is not None and torch.isfinite(grad).all() for grad in grads)


def test_files_from_elsewhere_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "m.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match="save_maskrcnn"):
        load_adapter(f"maskrcnn:{path}")
    save_file({"a": torch.zeros(1)}, path, metadata={"geoseg_maskrcnn": '{"version": "v9"}'})
    with pytest.raises(ModelError, match="not valid"):
        load_adapter(f"maskrcnn:{path}")
    record = MaskRcnnRecord(backbone="resnet18").model_dump_json()
    save_file({"a": torch.zeros(1)}, path, metadata={"geoseg_maskrcnn": record})
    with pytest.raises(ModelError, match="do not fit"):
        load_adapter(f"maskrcnn:{path}")
    path.write_bytes(b"nothing")
    with pytest.raises(ModelError, match="cannot be read"):
        load_adapter(f"maskrcnn:{path}")


def test_only_resnets() -> None:
    with pytest.raises(ModelError, match="no ResNet"):
        build_maskrcnn(MaskRcnnRecord(backbone="vgg16"))
