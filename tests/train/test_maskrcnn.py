"""Training Mask R-CNN: crops, starts, and a tiny run that ends with a file that predict loads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import REPOSITORY
from hypothesis import given
from hypothesis import strategies as st
from killed_training import assert_resumes
from safetensors.torch import save_file

from geoseg.errors import DatasetError, ModelError, UsageError
from geoseg.files.digest import sha256_of
from geoseg.models.adapters import load_adapter
from geoseg.models.adapters.maskrcnn import MaskRcnn
from geoseg.models.adapters.maskrcnn_file import read_maskrcnn
from geoseg.models.adapters.maskrcnn_network import MaskRcnnRecord, build_maskrcnn
from geoseg.models.loading import load_model
from geoseg.scenes.scene import Scene, save_scene
from geoseg.train.config import TrainConfig, read_config
from geoseg.train.maskrcnn import MaskRcnnModule, record_of, start_maskrcnn
from geoseg.train.maskrcnn_crops import MIN_PIXELS, InstanceCrops, boxes_and_masks
from geoseg.train.maskrcnn_scenes import stitched_labels
from geoseg.train.run import train
from geoseg.types import Window

pytestmark = pytest.mark.thorough

torch.set_num_threads(1)
CONFIG = REPOSITORY / "configs/maskrcnn.yaml"


def make_scene(name: str, *, split: str = "train", blobs: bool = False, seed: int = 0) -> Scene:
    """Bright squares on a dark ground."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((96, 96), np.uint16)
    for number, at in enumerate(rng.permutation(9)[:6], start=1):
        row, col = np.array(divmod(int(at), 3)) * 32 + rng.integers(0, 14, 2)
        labels[row : row + 16, col : col + 14] = number
    image = np.where(labels[..., None] > 0, 210, 60) + rng.integers(-9, 10, (96, 96, 3))
    ignore = np.zeros((96, 96), bool)
    return Scene(name, "town", split, 0.3, image.astype(np.uint8), labels, ignore, blobs)


def make_config(folder: Path, **changes: object) -> TrainConfig:
    raw: dict[str, object] = {
        "output": folder / "out",
        "start": "scratch",
        "name": "tiny",
        "maskrcnn": {"channels": 8, "boxes": 16, "score_threshold": 0.0},
        "model_gsd_m": (0.25, 0.4),
        "data": {"scenes": folder / "scenes", "crop_px": 64, "workers": 0},
        "schedule": {
            "batch": 2,
            "max_steps": 4,
            "steps_per_round": 2,
            "rounds_per_validation": 1,
            "warmup_steps": 1,
        },
        "compute": {"accelerator": "cpu", "precision": "32-true"},
    }
    return TrainConfig.model_validate(raw | changes)


# --- crops ---


@given(st.integers(0, 2**32 - 1))
def test_boxes_and_masks_say_what_the_labels_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.repeat(rng.integers(0, 6, (5, 4)), 3, axis=0), 3, axis=1)
    labels[rng.random(labels.shape) < 0.2] = 0
    boxes, masks = boxes_and_masks(labels.astype(np.uint16))
    large = [number for number in range(1, 6) if (labels == number).sum() >= MIN_PIXELS]
    assert len(boxes) == len(masks) == len(large)
    for number, box, mask in zip(large, boxes.astype(int), masks, strict=True):
        np.testing.assert_array_equal(mask > 0, labels == number)
        x1, y1, x2, y2 = box
        inside = mask[y1:y2, x1:x2]
        assert inside.sum() == mask.sum()
        assert inside.any(axis=0)[[0, -1]].all()
        assert inside.any(axis=1)[[0, -1]].all()


def test_unknown_ground_is_painted_over(tmp_path: Path) -> None:
    scene = make_scene("a")
    scene = replace(scene, ignore=np.broadcast_to(np.arange(96) < 48, (96, 96)))
    still = {"tilt": 0, "light": 0, "tint": 0, "blur": 0, "noise": 0}
    config = make_config(tmp_path, augment=still)
    crops = InstanceCrops([scene], config, first=0, length=6)
    for index in range(len(crops)):
        crop = crops[index]
        painted = (crop["image"] == 128).all(dim=0)
        assert painted.any()
        assert not crop["masks"][:, painted].any()
        assert len(crop["boxes"]) == len(crop["masks"])


# --- starts ---


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_network_is_torchvisions(version: str) -> None:
    from torchvision.models.detection import maskrcnn_resnet50_fpn, maskrcnn_resnet50_fpn_v2

    record = MaskRcnnRecord(version=version, backbone="resnet50", classes=91)
    with torch.device("meta"):
        theirs = {"v1": maskrcnn_resnet50_fpn, "v2": maskrcnn_resnet50_fpn_v2}[version](
            weights=None, weights_backbone=None
        )
        ours = build_maskrcnn(record)
    shapes = [{name: x.shape for name, x in net.state_dict().items()} for net in (ours, theirs)]
    assert shapes[0] == shapes[1]


def test_a_resnet_alone_starts_the_backbone(tmp_path: Path) -> None:
    from torchvision.models import resnet18

    torch.manual_seed(5)
    resnet = resnet18(weights=None)
    path = tmp_path / "resnet18.safetensors"
    save_file(resnet.state_dict(), path)
    config = make_config(tmp_path, start=path)
    network: Any = start_maskrcnn(config, record_of(config))
    torch.testing.assert_close(network.backbone.body.layer4[0].conv1.weight, resnet.layer4[0].conv1.weight)  # fmt: skip
    save_file({"conv1.weight": torch.zeros(3)}, path)
    with pytest.raises(ModelError, match=r"lacks 9\d tensors of the ResNet"):
        start_maskrcnn(config, record_of(config))


def test_other_starts_are_refused(tmp_path: Path) -> None:
    for start in ("imagenet", "default"):
        config = make_config(tmp_path, start=start)
        with pytest.raises(UsageError, match="weights for the dense network"):
            start_maskrcnn(config, record_of(config))
    config = make_config(tmp_path, start=tmp_path / "none.safetensors")
    with pytest.raises(ModelError, match="there is no file"):
        start_maskrcnn(config, record_of(config))
    (tmp_path / "m.pth").write_bytes(b"\x80\x02pickle")
    config = make_config(tmp_path, start=tmp_path / "m.pth")
    with pytest.raises(ModelError, match="pickles"):
        start_maskrcnn(config, record_of(config))


def test_shipped_configuration_is_valid() -> None:
    config = read_config(CONFIG)
    assert config.maskrcnn is not None
    assert record_of(config).channels == 256


def test_blobs_alone_are_no_training_data(tmp_path: Path) -> None:
    save_scene(make_scene("a", blobs=True), tmp_path / "scenes")
    with pytest.raises(DatasetError, match="no scene of the split 'train' to learn from"):
        train(make_config(tmp_path))


# --- held-out scenes ---


class Oracle:
    """Finds bright squares by looking."""

    gsd_m = None

    def predict_instances(self, images: np.ndarray) -> list[list[Any]]:
        from scipy import ndimage

        from geoseg.models.adapters.common import all_cropped

        found = []
        for image in images:
            numbered, count = ndimage.label(image[0] > 180)
            masks = np.array([numbered == number for number in range(1, count + 1)])
            found.append(all_cropped(masks, np.ones(count)) if count else [])
        return found


def test_tiled_scenes_come_out_whole() -> None:
    rng = np.random.default_rng(2)
    wanted = np.zeros((300, 700), bool)
    for _ in range(60):
        row, col = rng.integers(0, (260, 600))
        wanted[row : row + rng.integers(8, 40), col : col + rng.integers(8, 400)] = True
    image = np.where(wanted[..., None], 220, 50) + np.zeros(3, int)
    labels = stitched_labels(Oracle(), image.astype(np.uint8))
    np.testing.assert_array_equal(labels > 0, wanted)
    assert Window(0, 0, 300, 700).width == labels.shape[1]


# --- a whole run ---


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    save_scene(make_scene("a"), tmp_path / "scenes")
    save_scene(make_scene("b", split="val", seed=1), tmp_path / "scenes")
    save_scene(make_scene("c", blobs=True), tmp_path / "scenes")
    return tmp_path


@pytest.mark.filterwarnings("ignore")  # the trainer library warns about its own dependencies
def test_a_run_ends_with_a_file_that_predict_loads(packed: Path) -> None:
    path = train(make_config(packed)).path
    model = load_adapter(f"maskrcnn:{path}", "cpu")
    assert isinstance(model, MaskRcnn)
    assert model.gsd_m == (0.25, 0.4)
    assert model.sha256 == sha256_of(path)
    with pytest.raises(ModelError, match="name it as maskrcnn:"):
        load_model(path)
    record, _ = read_maskrcnn(path)
    assert record.training["steps"] == "4"
    assert [source.name for source in record.sources] == ["town"]
    logged = (packed / "out/log/version_0/metrics.csv").read_text()
    assert "f1/town" in logged
    assert "loss_mask" in logged
    assert (packed / "out/best.ckpt").exists()


@pytest.mark.filterwarnings("ignore")
def test_a_killed_run_resumes_onto_the_same_curve(packed: Path) -> None:
    config = make_config(packed, output=packed / "whole")
    assert_resumes(config, MaskRcnnModule, lambda path: read_maskrcnn(path)[1])
