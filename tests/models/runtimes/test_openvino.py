"""The built-in kind of network by OpenVINO: torch's answer, whole and in parts, without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import torch
from conftest import REPOSITORY
from hypothesis import given
from hypothesis import strategies as st
from rasterio.windows import Window as Places
from small_model import written
from torch import nn
from tries import tries

from geoseg.errors import MissingDependencyError, ModelError, UsageError
from geoseg.models import DEFAULT_WEIGHTS, extras, load_model
from geoseg.models.certify import TOLERANCE, certify
from geoseg.models.dense import TorchDenseModel
from geoseg.models.protocols import PartModel
from geoseg.models.runtimes import choosing
from geoseg.models.runtimes.cutting import cut
from geoseg.models.runtimes.dense import OpenVinoDenseModel
from geoseg.models.runtimes.folded import spread
from geoseg.models.runtimes.library import openvino, operations
from geoseg.models.traits import Traits
from geoseg.models.weights import Architecture, load_weights, save_weights
from geoseg.types import Window

HEIGHT, WIDTH = 96, 88
"""The width is no whole number of strides."""


@pytest.fixture(scope="module")
def model() -> OpenVinoDenseModel:
    return OpenVinoDenseModel.from_file(DEFAULT_WEIGHTS)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Two pieces of the photo."""
    with rasterio.open(REPOSITORY / "examples" / "banepa.tif") as photo:
        pieces = [photo.read(window=Places(200, row, WIDTH, HEIGHT)) for row in (300, 700)]
    return np.stack(pieces)


@pytest.fixture(scope="module")
def whole(model: OpenVinoDenseModel, images: np.ndarray) -> np.ndarray:
    maps = model.predict_maps(images)
    assert maps.std() > 0.01
    return maps


LIBRARIES_APART = 4e-5
"""Torch and OpenVINO add single-precision numbers in other orders, and torch in another one for
every number of threads; on random pixels, which no photo is, that comes to 1e-5 and more."""


def largest(difference: np.ndarray) -> float:
    return float(np.abs(difference).max())


@pytest.mark.parametrize(
    "architecture",
    [
        Architecture(),
        Architecture(decoder_channels=(128, 64, 48)),
        pytest.param(
            Architecture(encoder="tu-tf_efficientnet_lite1", depth=3, decoder_channels=(16, 8, 8)),
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            Architecture(depth=5, decoder_channels=(32, 24, 16, 8, 8), heads=("body",)),
            marks=pytest.mark.thorough,
        ),
    ],
    ids=["four stages", "three stages", "lite1 of depth 3", "depth 5"],
)
def test_it_gives_what_torch_gives(
    tmp_path: Path, images: np.ndarray, architecture: Architecture
) -> None:
    path = written(tmp_path, architecture, mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))
    expected = TorchDenseModel.from_file(path, device="cpu").predict_maps(images)
    assert expected.std() > 0.01
    assert (
        largest(OpenVinoDenseModel.from_file(path).predict_maps(images) - expected)
        < LIBRARIES_APART
    )


def test_the_built_in_model_gives_torchs_grey_levels(images: np.ndarray, whole: np.ndarray) -> None:
    expected = TorchDenseModel.from_file(DEFAULT_WEIGHTS, device="cpu").predict_maps(images)
    assert largest(whole - expected) < LIBRARIES_APART
    assert (np.rint(whole * 255) == np.rint(expected * 255)).mean() > 0.9999


def test_it_offers_parts_and_says_what_it_is(model: OpenVinoDenseModel) -> None:
    assert isinstance(model, PartModel)
    traits = Traits.of(model)
    assert traits.runtime.startswith("openvino 20")
    assert (traits.precision, traits.device_kind) == ("fp32", "cpu")
    assert traits.processor
    assert traits.sha256 == Traits.of_file(DEFAULT_WEIGHTS).sha256


@tries(8)
@given(st.data())
def test_a_part_equals_the_whole_there(
    model: OpenVinoDenseModel, images: np.ndarray, whole: np.ndarray, data: st.DataObject
) -> None:
    row, col = data.draw(st.integers(0, HEIGHT - 1)), data.draw(st.integers(0, WIDTH - 1))
    part = Window(
        row, col, data.draw(st.integers(1, HEIGHT - row)), data.draw(st.integers(1, WIDTH - col))
    )
    rows, cols = slice(row, part.row_end), slice(col, part.col_end)
    assert largest(model.predict_part(images, part) - whole[..., rows, cols]) < TOLERANCE


@pytest.mark.parametrize(
    "images",
    [np.zeros((1, 3, 16, 16), np.float32), np.zeros((1, 4, 16, 16), np.uint8)],
    ids=["floats", "four bands"],
)
def test_wrong_images_are_refused(model: OpenVinoDenseModel, images: np.ndarray) -> None:
    with pytest.raises(UsageError, match="takes uint8 of shape"):
        model.predict_maps(images)


def test_a_part_beyond_the_image_is_refused(model: OpenVinoDenseModel, images: np.ndarray) -> None:
    for part in (Window(-1, 0, 8, 8), Window(0, WIDTH - 7, 8, 8)):
        with pytest.raises(UsageError, match="part"):
            model.predict_part(images, part)


@pytest.mark.thorough
def test_answers_are_the_same_to_the_bit(images: np.ndarray, whole: np.ndarray) -> None:
    """Whatever came before, in another batch, and in a model loaded anew."""
    model = OpenVinoDenseModel.from_file(DEFAULT_WEIGHTS)
    model.predict_part(images, Window(10, 20, 30, 40))
    model.predict_maps(images[:, :, :64, :64])
    assert np.array_equal(model.predict_maps(images[::-1])[::-1], whole)
    assert np.array_equal(model.predict_maps(images[1:])[0], whole[1])


@pytest.mark.thorough
def test_threads_do_not_show(
    images: np.ndarray, whole: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    for threads in ("1", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        maps = OpenVinoDenseModel.from_file(DEFAULT_WEIGHTS).predict_maps(images)
        assert np.array_equal(maps, whole)


@pytest.mark.thorough
def test_threads_do_not_show_in_small_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the rim of a raster windows are small, and two threads would share their sums."""
    image = np.random.default_rng(0).integers(0, 256, (2, 3, 464, 464), np.uint8)
    maps = []
    for threads in ("1", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        model = OpenVinoDenseModel.from_file(DEFAULT_WEIGHTS)
        assert model.at_once == int(threads)
        maps.append(model.predict_part(image, Window(208, 208, 256, 256)))
    assert np.array_equal(*maps)


@pytest.mark.thorough
def test_what_is_asked_together_is_the_same_as_alone(images: np.ndarray) -> None:
    model = OpenVinoDenseModel.from_file(DEFAULT_WEIGHTS)
    model.threads = 2
    asked = [(images, Window(0, 0, 96, 83)), (images[:1, :, :64, :64], Window(16, 16, 32, 32))] * 2
    together = model.predict_parts(asked)
    assert len(together) == 4
    for maps, (each, part) in zip(together, asked, strict=True):
        assert np.array_equal(maps, model.predict_part(each, part))


@pytest.mark.thorough
def test_an_image_that_cannot_be_computed_leaves_the_model_in_order(images: np.ndarray) -> None:
    model = OpenVinoDenseModel.from_file(DEFAULT_WEIGHTS)
    first = model.predict_maps(images)
    with pytest.raises(UsageError):
        model.predict_parts([(images, Window(0, 0, 32, 32)), (images, Window(0, 0, 9999, 32))])
    assert np.array_equal(model.predict_maps(images), first)


@pytest.mark.thorough
def test_a_graph_that_cannot_be_compiled_leaves_the_model_in_order(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = OpenVinoDenseModel.from_file(DEFAULT_WEIGHTS)

    def refuse(*_: object) -> None:
        raise ModelError("no such size")

    asked = [(images[..., :side, :side], Window(0, 0, 32, 32)) for side in (32, 48)]
    with monkeypatch.context() as patched:
        patched.setattr(OpenVinoDenseModel, "_compile", refuse)
        with pytest.raises(ModelError):
            model.predict_parts(asked)
    model.predict_maps(images)  # of another size
    assert len(model.predict_parts(asked)) == 2


@pytest.mark.thorough
def test_few_compiled_graphs_are_kept(images: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geoseg.models.runtimes.dense._KEPT", 2)
    model = OpenVinoDenseModel.from_file(DEFAULT_WEIGHTS)
    first = model.predict_maps(images[:1, :, :32, :32])
    for side in (48, 64, 80):
        model.predict_maps(images[:1, :, :side, :side])
    assert len(model._free) == 2
    assert np.array_equal(model.predict_maps(images[:1, :, :32, :32]), first)


@pytest.mark.thorough
def test_graphs_that_come_back_are_kept(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in rows of tiles with more sizes than were thought of."""
    monkeypatch.setattr("geoseg.models.runtimes.dense._KEPT", 2)
    model = OpenVinoDenseModel.from_file(DEFAULT_WEIGHTS)
    compiled: list[int] = []
    compile_one = model._compile

    def counted(height: int, width: int, part: Window, threads: int) -> Any:
        compiled.append(width)
        return compile_one(height, width, part, threads)

    monkeypatch.setattr(model, "_compile", counted)
    for _ in range(4):
        for side in (32, 48, 64):
            model.predict_maps(images[:1, :, :side, :side])
    assert compiled[:3] == [32, 48, 64]
    assert len(compiled) < 3 * 3  # and nothing in the last rounds
    assert len(model._free) == 3


@pytest.mark.thorough
def test_mirrored_parts_share_a_graph(images: np.ndarray) -> None:
    model = OpenVinoDenseModel.from_file(DEFAULT_WEIGHTS)
    model.predict_part(images, Window(0, 0, 96, 83))
    model.predict_part(images, Window(0, 5, 96, 83))
    assert len(model._free) == 1


def test_images_of_one_size_share_a_graph(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = OpenVinoDenseModel.from_file(DEFAULT_WEIGHTS)
    first, second = (images[None, 0, :, :64, left : left + 64] for left in (0, 13))
    part, other = Window(0, 0, 32, 64), Window(16, 0, 48, 64)
    alone = [
        model.predict_parts([each])[0] for each in ((first, part), (second, part), (first, other))
    ]
    compiled: list[int] = []
    compile_one = OpenVinoDenseModel._compile

    def counted(model: Any, height: int, width: int, part: Window, threads: int) -> Any:
        compiled.append(threads)
        return compile_one(model, height, width, part, threads)

    monkeypatch.setattr(OpenVinoDenseModel, "_compile", counted)
    model = OpenVinoDenseModel.from_file(DEFAULT_WEIGHTS)
    model.threads = 3
    together = model.predict_parts([(first, part), (second, part), (first, other)])
    assert compiled == [2, 1]
    assert all(np.array_equal(*pair) for pair in zip(together, alone, strict=True))
    again = model.predict_parts([(second, part)] * 5)
    assert compiled == [2, 1, 1]  # as many as compute at once
    assert all(np.array_equal(maps, alone[1]) for maps in again)


def test_the_decoder_is_cut() -> None:
    model = OpenVinoDenseModel.from_file(DEFAULT_WEIGHTS)
    graph = model._graph.clone()
    graph.reshape([1, 3, 480, 512])
    cut(graph, Window(208, 224, 64, 80))
    (result,) = graph.get_results()
    last = result.input_value(0).get_node().input_value(0).get_node()  # under the sigmoid
    assert tuple(last.get_output_shape(0)) == (1, 3, 64, 80)
    read = last.input_value(0).get_node()  # the head, a pixel for every four
    assert tuple(read.get_output_shape(0)) == (1, 12, 32, 40)
    inner = read.input_value(0).get_node().input_value(0).get_node()
    assert tuple(inner.get_output_shape(0)) == (1, 48, 34, 42)  # a pixel more to each side


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kind", ["convolution", "transposed", "interleaved", "unknown"])
def test_any_graph_may_be_cut(kind: str, stride: int) -> None:
    """Convolutions of every stride and padding, and nodes that need all of what they take."""
    ov, ops = openvino(), operations()
    rng = np.random.default_rng(0)
    steps = [stride, stride]

    def built() -> Any:
        x = ops.parameter([1, 2, 40, 32], np.float32)
        weight, four = (
            ops.constant(rng.normal(size=(outs, 2, 5, 5)).astype(np.float32)) for outs in (2, 8)
        )
        if kind == "transposed":
            y = ops.convolution_backprop_data(x, weight, steps, pads_begin=[2, 1], pads_end=[1, 2])
        elif kind == "interleaved":
            y = ops.depth_to_space(
                ops.convolution(x, four, steps, [2, 1], [1, 2], [1, 1]), "depth_first", 2
            )
        else:
            y = ops.convolution(x, weight, steps, [2, 1], [1, 2], [1, 1])
        y = ops.add(ops.relu(y), ops.constant(np.float32([[[[0.5]], [[1.0]]]])))
        if kind == "unknown":
            y = ops.max_pool(y, [1, 1], [1, 1], [1, 1], [1, 1], [3, 3]).output(0)
        return ov.Model([ops.result(y)], [x], "any")

    graph = built()
    rng = np.random.default_rng(0)
    part_of = built()
    part = Window(3, 5, 9, 7)
    cut(part_of, part)
    image = np.random.default_rng(1).normal(size=(1, 2, 40, 32)).astype(np.float32)
    core = ov.Core()
    hint = {"INFERENCE_PRECISION_HINT": "f32"}
    expected = core.compile_model(graph, "CPU", hint)(image)[0]
    expected = expected[..., part.row_off : part.row_end, part.col_off : part.col_end]
    assert largest(core.compile_model(part_of, "CPU", hint)(image)[0] - expected) < 1e-4


def test_one_transposed_convolution_enlarges_and_convolves() -> None:
    torch.manual_seed(0)
    image, weight = torch.randn(1, 4, 7, 6), torch.randn(5, 4, 3, 3)
    enlarged = nn.functional.interpolate(image, scale_factor=2, mode="nearest")
    expected = nn.functional.conv2d(enlarged, weight, padding=1)
    kernel = torch.from_numpy(spread(weight.numpy()))
    found = nn.functional.conv_transpose2d(image, kernel, stride=2, padding=1)
    assert (found - expected).abs().max() < 1e-4


@pytest.mark.thorough
def test_it_is_certified_by_all_looks() -> None:
    certificate = certify(OpenVinoDenseModel.from_file(DEFAULT_WEIGHTS))
    assert certificate.exact
    assert certificate.looks == ("modules", "support", "probe")


@pytest.mark.parametrize("change", ["missing", "more", "shape", "heads"])
def test_tensors_that_do_not_fit_are_refused(tmp_path: Path, change: str) -> None:
    state, metadata = load_weights(DEFAULT_WEIGHTS)
    name = "decoder.blocks.1.conv2.0.weight"
    if change == "missing":
        del state[name]
    elif change == "more":
        state["decoder.blocks.9.conv1.0.weight"] = state[name]
    elif change == "shape":
        state[name] = state[name][:, :-1]
    else:
        state["segmentation_head.0.weight"] = state["segmentation_head.0.weight"][:2]
    path = tmp_path / "broken.safetensors"
    save_weights(state, metadata, path)
    with pytest.raises(ModelError, match=r"broken\.safetensors do not fit"):
        OpenVinoDenseModel.from_file(path)


def test_auto_is_openvino_where_it_knows_the_network(tmp_path: Path) -> None:
    assert isinstance(load_model("default", device="cpu"), OpenVinoDenseModel)
    other = written(tmp_path, Architecture(encoder="resnet18", depth=3, decoder_channels=(8, 8, 8)))
    assert isinstance(load_model(other, device="cpu"), TorchDenseModel)
    with pytest.raises(UsageError, match="OpenVINO cannot make a graph"):
        load_model(other, runtime="openvino")


def test_torch_can_be_asked_for() -> None:
    asked = load_model("default", device="cpu", runtime="torch")
    assert isinstance(asked, TorchDenseModel)
    assert Traits.of(asked).runtime == f"torch {torch.__version__}"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"runtime": "abacus"}, "runtime 'abacus' is unknown"),
        ({"runtime": "onnxruntime"}, "onnxruntime runs .onnx files"),
        ({"runtime": "openvino", "device": "cuda"}, "on the processor alone"),
        ({"precision": "int8", "runtime": "torch", "device": "cpu"}, "does not compute in int8"),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_one_sentence(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_model("default", **asked)


def test_a_precision_that_the_processor_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geoseg.models.runtimes.dense.capabilities", lambda: frozenset({"FP32"}))
    with pytest.raises(UsageError, match="does not compute in bf16"):
        load_model("default", device="cpu", precision="bf16")


@pytest.mark.parametrize("spec", ["maskrcnn:weights.safetensors", "yolo:best.pt"])
def test_models_of_separate_masks_have_their_own_precision_and_runtime(spec: str) -> None:
    with pytest.raises(UsageError, match="their own precision"):
        load_model(spec, precision="int8")
    with pytest.raises(UsageError, match="their own runtime"):
        load_model(spec, runtime="openvino")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"runtime": "torch"}, r"the runtime torch needs torch.*geoseg\[torch\]"),
        ({"device": "cuda"}, r"device cuda needs torch.*geoseg\[torch\]"),
    ],
    ids=str,
)
def test_without_torch_the_extra_is_named(
    asked: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "is_installed", lambda package: package != "torch")
    with pytest.raises(MissingDependencyError, match=message):
        load_model("default", **asked)


def test_without_torch_another_network_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = written(tmp_path, Architecture(encoder="resnet18", depth=3, decoder_channels=(8, 8, 8)))
    monkeypatch.setattr(extras, "is_installed", lambda package: package != "torch")
    with pytest.raises(MissingDependencyError, match=r"the network in .* needs torch"):
        load_model(other)


def test_without_openvino_torch_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "is_installed", lambda package: package != "openvino")
    assert isinstance(load_model("default", device="cpu"), TorchDenseModel)


QUIET = """
import socket, sys
def refuse(*args, **kwargs):
    raise AssertionError("a socket was opened")
socket.socket = refuse
socket.create_connection = refuse
socket.getaddrinfo = refuse
import numpy as np
from geoseg.models import load_model
load_model("default", device="cpu").predict_maps(np.zeros((1, 3, 32, 32), np.uint8))
loaded = [name for name in ("torch", "timm", "segmentation_models_pytorch") if name in sys.modules]
assert not loaded, loaded
told = [name for name in sys.modules if name.startswith("openvino_telemetry.")]
assert not told, told
import openvino
assert "openvino.tools.ovc" not in sys.modules
assert openvino.tools.ovc.convert_model is openvino.convert_model
assert not hasattr(openvino, "convert_models")
"""


@pytest.mark.thorough
def test_no_socket_is_opened_and_torch_is_not_loaded() -> None:
    done = subprocess.run(
        [sys.executable, "-c", QUIET], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


WITHOUT_TORCH = """
import sys
for name in ("torch", "torchvision", "timm", "segmentation_models_pytorch", "lightning", "cv2"):
    sys.modules[name] = None  # as where it is not installed
from geoseg.__main__ import main
sys.argv = ["geoseg", *sys.argv[1:]]
main()
"""


def without_torch(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_TORCH, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.thorough
def test_the_built_in_model_needs_no_torch(tmp_path: Path) -> None:
    photo, output = REPOSITORY / "examples" / "banepa.tif", tmp_path / "b.geojson"
    with rasterio.open(photo) as source:
        window = Places(200, 300, 128, 96)
        profile = source.profile | {
            "height": 96, "width": 128, "transform": source.window_transform(window),
        }  # fmt: skip
        with rasterio.open(tmp_path / "piece.tif", "w", **profile) as piece:
            piece.write(source.read(window=window))
    done = without_torch("predict", tmp_path / "piece.tif", output, "--json", "--exact")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["buildings"] > 5
    record = told["record"]
    assert record["precision"] in {"fp32", "int8"}  # by the kind of processor
    assert record["device"] == "cpu"
    assert record["runtime"].startswith("openvino")
    assert record["processor"].split()[0] in {"x86_64", "aarch64", "arm64"}
    assert "torch" not in record["versions"]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (("certify", "default", "--runtime", "torch"), "torch"),
        *(
            pytest.param(command, extra, marks=pytest.mark.thorough)
            for command, extra in (
                (("tune", "default", "--scenes", ".", "-o", "tuned.safetensors"), "train"),
                (("dataset", ".", "--model", "default"), "train"),
                (("certify", "maskrcnn:model.safetensors"), "torch"),
                (("train", REPOSITORY / "configs" / "builtin.yaml"), "train"),
            )
        ),
    ],
    ids=str,
)
def test_what_needs_torch_names_the_extra(
    command: tuple[str | Path, ...], extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = without_torch(*command)
    assert done.returncode == 1
    assert f"geoseg[{extra}]" in done.stderr
    assert "Traceback" not in done.stderr
