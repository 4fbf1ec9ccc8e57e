"""Models of other libraries behind the protocols; what is not installed is stood in for."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from geoseg import Instance, predict
from geoseg.errors import MissingDependencyError, ModelError
from geoseg.models import extras
from geoseg.models.adapters import is_adapter_spec, load_adapter
from geoseg.models.adapters.common import cropped
from geoseg.models.adapters.detectron2 import Detectron2
from geoseg.models.adapters.onnx_yolo import YoloOnnx, decode, draw, suppress
from geoseg.models.protocols import InstanceModel

IMAGES = np.random.default_rng(0).integers(0, 255, (2, 3, 64, 96), dtype=np.uint8)


@pytest.mark.parametrize("spec", ["maskrcnn:a", "yolo:b.pt", "onnx:/x/y.onnx", "pack.mod:Model"])
def test_adapter_specs_are_told_from_files(spec: str) -> None:
    assert is_adapter_spec(spec)


@pytest.mark.parametrize("text", ["default", "a/b.safetensors", "C:\\a.safetensors", "./x:y/z"])
def test_files_are_told_from_adapter_specs(text: str) -> None:
    assert not is_adapter_spec(text)
    with pytest.raises(ModelError, match="names no model"):
        load_adapter(text)


@pytest.mark.parametrize(
    ("spec", "module", "match"),
    [
        ("yolo:{}.pt", "ultralytics", r"geoseg\[yolo\]"),
        ("onnx:{}.onnx", "onnxruntime", r"geoseg\[onnx\]"),
        ("detectron2:{0}.yaml,{0}.pth", "detectron2", "not on PyPI"),
    ],
)
def test_a_missing_package_is_one_sentence(
    spec: str, module: str, match: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for suffix in (".pt", ".onnx", ".yaml"):
        (tmp_path / f"model{suffix}").write_bytes(b"")
    torch.save({"model": {}}, tmp_path / "model.pth")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=match) as caught:
        load_adapter(spec.format(tmp_path / "model"), "cpu")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "extra"),
    [
        ("maskrcnn:a.safetensors", "torch"),
        ("yolo:a.pt", "yolo"),
        ("detectron2:a.yaml,a.pth", "torch"),
    ],
)
def test_without_torch_the_extra_that_brings_it_is_named(
    spec: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "is_installed", lambda package: package != "torch")
    with pytest.raises(MissingDependencyError, match=rf"needs torch.*geoseg\[{extra}\]"):
        load_adapter(spec, "cpu")


@pytest.mark.parametrize("spec", ["maskrcnn:no.safetensors", "yolo:no.pt", "onnx:no.onnx"])
def test_nothing_is_downloaded(spec: str) -> None:
    with pytest.raises(ModelError, match="nothing is downloaded"):
        load_adapter(spec)


def test_a_wrong_ending_is_refused() -> None:
    with pytest.raises(ModelError, match=r"ending in \.pt"):
        load_adapter("yolo:https://example.org/yolo11n-seg")


def test_cropping() -> None:
    mask = np.zeros((9, 9), np.bool_)
    assert cropped(mask, 0.5) is None
    mask[3:5, 2] = True
    found = cropped(mask, 0.5)
    assert found is not None
    assert (found.row_off, found.col_off, found.mask.shape) == (3, 2, (2, 1))


# Plugins


def test_a_class_of_the_working_directory_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "own_model.py").write_text(
        "class Own:\n"
        "    gsd_m = None\n"
        "    def __init__(self, device='cpu'):\n"
        "        self.device = device\n"
        "    def predict_instances(self, images):\n"
        "        return [[] for _ in images]\n"
        "class Wrong:\n"
        "    pass\n"
        "value = 3\n"
    )
    model = load_adapter("own_model:Own", "cpu")
    assert isinstance(model, InstanceModel)
    assert model.device == "cpu"
    with pytest.raises(ModelError, match="predict_maps"):
        load_adapter("own_model:Wrong")
    with pytest.raises(ModelError, match="nothing named"):
        load_adapter("own_model:Absent")
    with pytest.raises(ModelError, match="must be a class"):
        load_adapter("own_model:value")
    with pytest.raises(ModelError, match="cannot import 'absent_package'"):
        load_adapter("absent_package:Model")


# Detectron2: objects of the documented shape


class Predictor:
    """Takes (height, width, BGR), gives Instances with ``pred_masks`` and ``scores``."""

    def __init__(self) -> None:
        self.seen: list[np.ndarray] = []

    def __call__(self, image: np.ndarray) -> dict[str, object]:
        self.seen.append(image)
        masks = torch.zeros((3, *image.shape[:2]), dtype=torch.bool)
        masks[0, 5:9, 7:20] = True
        masks[2, 50:, 90:] = True
        found = SimpleNamespace(pred_masks=masks, scores=torch.tensor([0.9, 0.8, 0.7]))
        found.to = lambda _device: found
        return {"instances": found}


def test_detectron2_instances_are_cropped() -> None:
    predictor = Predictor()
    model = Detectron2(predictor)
    assert isinstance(model, InstanceModel)
    first, second = model.predict_instances(IMAGES)
    np.testing.assert_array_equal(predictor.seen[0][..., 0], IMAGES[0, 2])
    assert [(one.row_off, one.col_off, one.mask.shape) for one in first] == [
        (5, 7, (4, 13)),
        (50, 90, (14, 6)),
    ]
    assert [one.score for one in second] == pytest.approx([0.9, 0.7])


def test_detectron2_gets_config_and_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, weights = tmp_path / "c.yaml", tmp_path / "w.pth"
    config.write_text("MODEL: {}\n")
    torch.save({"model": {"a": torch.zeros(1)}}, weights)
    given = {}
    settings = SimpleNamespace(
        MODEL=SimpleNamespace(),
        merge_from_file=lambda path, allow_unsafe: given.update(path=path, unsafe=allow_unsafe),
    )
    parts = {name: ModuleType(f"detectron2{name}") for name in ("", ".config", ".engine")}
    parts[".config"].get_cfg = lambda: settings
    parts[".engine"].DefaultPredictor = lambda chosen: given.update(cfg=chosen) or Predictor()
    for name, module in parts.items():
        monkeypatch.setitem(sys.modules, f"detectron2{name}", module)
    model = load_adapter(f"detectron2:{config},{weights}", "cpu")
    assert len(model.predict_instances(IMAGES)[0]) == 2
    assert str(weights) == given["cfg"].MODEL.WEIGHTS
    assert given["cfg"].MODEL.DEVICE == "cpu"
    assert given["unsafe"] is False


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('code ran')",))


def test_weights_with_code_in_them_are_refused(tmp_path: Path) -> None:
    torch.save({"model": Evil()}, tmp_path / "w.pth")
    (tmp_path / "c.yaml").write_text("")
    with pytest.raises(ModelError, match="could run code"):
        load_adapter(f"detectron2:{tmp_path / 'c.yaml'},{tmp_path / 'w.pth'}", "cpu")


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x80\x02}q\x00X\xff", b"\x80\x04K", b"PK\x03\x04"]
)
def test_files_that_are_no_pickles_are_refused_in_one_sentence(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "w.pth").write_bytes(content)
    (tmp_path / "c.yaml").write_text("")
    with pytest.raises(ModelError, match="does not open as plain tensors"):
        load_adapter(f"detectron2:{tmp_path / 'c.yaml'},{tmp_path / 'w.pth'}", "cpu")


# What models answer


MASK = np.ones((4, 5), np.bool_)


@pytest.mark.parametrize(
    "mask", [MASK.astype(np.float32), MASK.astype(np.uint8), MASK[None], MASK.tolist()]
)
def test_a_mask_is_an_array_of_bool(mask: object) -> None:
    with pytest.raises(ModelError, match="array of bool"):
        Instance(mask, 0, 0, 0.5)


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_a_score_is_a_number(score: float) -> None:
    with pytest.raises(ModelError, match="score"):
        Instance(MASK, 0, 0, score)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (None, "returned NoneType for 1 images"),
        ([[], []], "returned 2 lists for 1 images"),
        ([None], "returned NoneType among"),
        ([[(0, 0, 0.5)]], "returned tuple among"),
    ],
)
def test_answers_of_another_shape_are_refused(
    make_raster: Any, tmp_path: Path, answer: object, sentence: str
) -> None:
    path = make_raster("town.tif", np.zeros((3, 32, 32), np.uint8))
    model = SimpleNamespace(gsd_m=None, predict_instances=lambda _images: answer)
    with pytest.raises(ModelError, match=sentence):
        predict(path, tmp_path / "b.gpkg", model=model)
    assert not list(tmp_path.glob("b.gpkg*"))


# YOLO as ONNX


class Session:
    """Two overlapping boxes and one apart, masks from one prototype each."""

    def __init__(self, size: tuple[int, int] | None = (64, 96)) -> None:
        self.shape = size
        self.batches: list[np.ndarray] = []

    def get_inputs(self) -> list[SimpleNamespace]:
        shape = [1, 3, *(self.shape or ("height", "width"))]
        return [SimpleNamespace(name="images", type="tensor(float)", shape=shape)]

    def run(self, _names: None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        (batch,) = feed.values()
        self.batches.append(batch)
        height, width = batch.shape[2] // 4, batch.shape[3] // 4
        prototypes = np.full((1, 2, height, width), -1.0, np.float32)
        prototypes[0, 0, 2:6, 3:9] = 1
        prototypes[0, 1, 10:, 20:] = 1
        rows = np.array(
            [  # centre, size, score of one class, two coefficients
                [24, 16, 30, 20, 0.9, 1, 0],
                [25, 16, 30, 20, 0.8, 1, 0],
                [88, 52, 16, 24, 0.7, 0, 1],
                [88, 52, 16, 24, 0.1, 0, 1],
            ],
            np.float32,
        )
        return [rows.T[None], prototypes]


def test_yolo_onnx_masks_come_at_the_pixels_of_the_image() -> None:
    session = Session()
    model = YoloOnnx(session, "yolo")
    assert isinstance(model, InstanceModel)
    found = model.predict_instances(IMAGES)[0]
    assert session.batches[0].max() <= 1
    assert [round(one.score, 3) for one in found] == [0.9, 0.7]
    whole = np.zeros((64, 96), np.bool_)
    one = found[0]
    whole[one.row_off :, one.col_off :][: one.mask.shape[0], : one.mask.shape[1]] = one.mask
    # Bilinear in between, a rectangle loses its four corner pixels.
    assert whole[8:24, 12:36].sum() == whole.sum() == 16 * 24 - 4


def test_a_small_image_is_padded_and_a_large_one_refused() -> None:
    model = YoloOnnx(Session((64, 96)), "yolo")
    (found,) = model.predict_instances(IMAGES[:1, :, :50, :70])
    assert all(one.row_off + one.mask.shape[0] <= 50 for one in found)
    assert all(one.col_off + one.mask.shape[1] <= 70 for one in found)
    with pytest.raises(ModelError, match="--tile 64"):
        model.predict_instances(np.zeros((1, 3, 128, 128), np.uint8))


def test_exports_that_suppress_duplicates_themselves() -> None:
    detections = np.array([[1, 2, 11, 22, 0.9, 0, 5, 6], [1, 2, 9, 9, 0.1, 0, 7, 8]], np.float32)
    boxes, scores, coefficients = decode(detections, 2)
    np.testing.assert_array_equal(boxes, [[1, 2, 11, 22]])
    np.testing.assert_array_equal(coefficients, [[5, 6]])
    assert scores == pytest.approx([0.9])


def test_suppression_keeps_the_better_of_two() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 0, 30, 10]], np.float32)
    assert suppress(boxes, np.array([0.5, 0.6, 0.4], np.float32)) == [1, 2]


def test_boxes_off_the_image_draw_nothing() -> None:
    mask = np.ones((4, 4), np.float32)
    assert draw(mask, np.array([20, 0, 30, 5], np.float32), 4.0, (16, 16)) is None
    assert draw(-mask, np.array([0, 0, 9, 5], np.float32), 4.0, (16, 16)) is None


# Dense ONNX


def test_other_onnx_files_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    onnx = pytest.importorskip("onnx")
    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    result = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    graph = onnx.helper.make_graph([node], "g", [value], [result])
    imports = [onnx.helper.make_opsetid("", 17)]
    path = tmp_path / "relu.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=imports, ir_version=8), path)
    with pytest.raises(ModelError, match="neither a dense model"):
        load_adapter(f"onnx:{path}", "cpu")
    path.write_bytes(b"not a graph")
    with pytest.raises(ModelError, match="cannot open"):
        load_adapter(f"onnx:{path}", "cpu")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("onnx:bad.onnx", "cannot open bad.onnx"),
        ("bad.onnx", "no ONNX file"),
        ("json:dumps", "cannot be called without arguments"),
        ("best", "yolo:best.pt"),
    ],
)
def test_mistakes_on_the_command_line_are_one_sentence(
    spec: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geoseg.models.loading import load_model

    monkeypatch.chdir(tmp_path)
    Path("bad.onnx").write_text("nothing")
    with pytest.raises(ModelError, match=message):
        load_model(spec)


def test_a_plugin_that_ends_the_program_is_no_model() -> None:
    with pytest.raises(ModelError, match="sys:exit ends the program"):
        load_adapter("sys:exit", "cpu")
