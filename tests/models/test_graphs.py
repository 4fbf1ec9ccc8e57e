"""Models in .onnx and .xml files: exported ones, and graphs of other libraries with a text beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
from commands import invoke
from conftest import RasterMaker
from small_model import written
from tries import first

from geoseg import export_model, list_models, load_model, predict
from geoseg.errors import (
    GeosegError,
    MissingDependencyError,
    ModelError,
    OutputExistsError,
    UsageError,
)
from geoseg.files.digest import sha256_of
from geoseg.models import extras
from geoseg.models.card import render_card
from geoseg.models.certify import certify
from geoseg.models.dense import TorchDenseModel
from geoseg.models.facts import DenseFacts
from geoseg.models.graph_texts import read_graph_text, sidecar_of
from geoseg.models.network import build_network
from geoseg.models.traits import Traits
from geoseg.models.weights import Architecture, read_metadata
from geoseg.types import Window

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

KNOWN = Architecture(depth=3, decoder_channels=(8, 8, 8), heads=("body", "edge"))
HALVED = KNOWN.model_copy(update={"decoder_channels": (8, 8)})
OTHER = Architecture(encoder="resnet18", depth=3, decoder_channels=(8, 8, 8), heads=("body",))
SCORES = {"town": {"f1": 0.5}}
RUNTIMES = ("openvino", "onnxruntime")


@pytest.fixture(
    scope="module",
    params=[
        KNOWN,
        pytest.param(HALVED, marks=pytest.mark.thorough),
        pytest.param(OTHER, marks=pytest.mark.thorough),
    ],
    ids=["known", "halved", "other"],
)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model file and its graphs."""
    folder = tmp_path_factory.mktemp("exported")
    source = written(folder, request.param, metrics=SCORES, gsd_m=(0.2, 0.4))
    export_model(source, folder / "model.onnx")
    export_model(source, folder / "model.xml")
    return folder


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """The width is no whole number of strides."""
    return np.random.default_rng(0).integers(0, 256, (2, 3, 64, 92), dtype=np.uint8)


@pytest.mark.parametrize(
    ("name", "runtime"),
    first(1, [("model.onnx", "auto"), ("model.xml", "auto"), ("model.onnx", "onnxruntime")]),
)
def test_a_graph_gives_the_maps_of_the_weights(
    exported: Path, images: np.ndarray, name: str, runtime: Any
) -> None:
    model = load_model(exported / name, runtime=runtime)
    assert isinstance(model, DenseFacts)
    torch_model = TorchDenseModel.from_file(exported / "model.safetensors", device="cpu")
    np.testing.assert_allclose(
        model.predict_maps(images), torch_model.predict_maps(images), atol=1e-5
    )
    part = Window(8, 20, 40, 30)
    np.testing.assert_allclose(
        model.predict_part(images, part), torch_model.predict_part(images, part), atol=1e-5
    )
    known = Traits.of(model)
    assert known.runtime.startswith("openvino" if runtime == "auto" else "onnxruntime")
    assert known.sha256 == Traits.of_file(exported / name).sha256


@pytest.mark.parametrize("name", ["model.xml", "model.onnx"])
def test_a_graph_carries_scores_certificate_and_origin(exported: Path, name: str) -> None:
    metadata = read_metadata(exported / name)
    source = read_metadata(exported / "model.safetensors")
    assert metadata.metrics == SCORES
    assert metadata.model_copy(update={"graph": None}) == source
    assert metadata.graph is not None
    assert metadata.graph.source_sha256 == sha256_of(exported / "model.safetensors")
    found = certify(load_model(exported / name)).as_dict()
    assert metadata.graph.certificate == json.loads(json.dumps(found))
    (entry,) = list_models(exported / name)
    assert entry.exact == metadata.graph.certificate["exact"]
    assert entry.sha256 == load_model(exported / name).sha256
    assert "a graph of" in render_card(exported / name)


def test_exported_on_the_command_line(exported: Path, tmp_path: Path) -> None:
    source = exported / "model.safetensors"
    told = invoke("export-model", source, "-o", tmp_path / "new.xml", "--json")
    answer = json.loads(told.stdout)
    assert answer["sha256"] == load_model(tmp_path / "new.xml").sha256
    assert answer["source_sha256"] == sha256_of(source)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["new.bin", "new.xml"]
    with pytest.raises(OutputExistsError, match="new"):
        export_model(source, tmp_path / "new.xml")
    (tmp_path / "new.xml").unlink()
    with pytest.raises(OutputExistsError, match=r"new\.bin"):
        export_model(source, tmp_path / "new.xml")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "m.pt"}, r"\.onnx"),
        ({"output": "m.onnx", "precision": "int8"}, r"\.xml files"),
        ({"output": "m.onnx", "precision": "bf16"}, "chosen when it is run"),
        ({"output": "m.onnx", "model": "model.onnx"}, "a graph already"),
    ],
)
def test_what_cannot_be_exported(exported: Path, options: dict[str, str], message: str) -> None:
    model = exported / options.get("model", "model.safetensors")
    output = exported / "new" / options["output"]
    output.parent.mkdir(exist_ok=True)
    with pytest.raises(GeosegError, match=message):
        export_model(model, output, precision=options.get("precision", "auto"))
    assert not list(output.parent.iterdir())


def test_what_exporting_needs_is_named(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match=r"geoseg\[torch\]"):
        export_model(exported / "model.safetensors", tmp_path / "m.onnx")
    with pytest.raises(MissingDependencyError, match=r"geoseg\[onnx\]"):
        load_model(exported / "model.onnx", runtime="onnxruntime")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("model.xml", {"runtime": "onnxruntime"}, "does not run .xml"),
        ("model.onnx", {"runtime": "torch"}, "does not run .onnx"),
        ("model.safetensors", {"runtime": "onnxruntime"}, "export-model"),
        ("model.xml", {"device": "cuda"}, "on the processor alone"),
        ("model.onnx", {"runtime": "openvino", "device": "cuda"}, "--runtime onnxruntime"),
        ("model.onnx", {"device": "cuda"}, "onnxruntime-gpu"),
        ("model.onnx", {"device": "mps"}, "not on mps"),
        ("model.onnx", {"precision": "int8"}, "was not exported in int8"),
        ("model.onnx", {"runtime": "onnxruntime", "precision": "int8"}, "was not exported in int8"),
        ("model.onnx", {"runtime": "onnxruntime", "precision": "bf16"}, "not in bf16"),
    ],
)
def test_what_does_not_go_together(
    exported: Path, name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        load_model(exported / name, **options)


def test_a_graph_needs_the_numbers_it_was_written_with(exported: Path, tmp_path: Path) -> None:
    for suffix in (".xml", ".bin"):
        (tmp_path / f"m{suffix}").write_bytes((exported / f"model{suffix}").read_bytes())
    numbers = bytearray((tmp_path / "m.bin").read_bytes())
    numbers[100] ^= 1
    (tmp_path / "m.bin").write_bytes(numbers)
    with pytest.raises(ModelError, match=r"does not belong to the graph of m\.xml"):
        load_model(tmp_path / "m.xml")
    (tmp_path / "m.bin").unlink()
    with pytest.raises(ModelError, match="not beside it"):
        load_model(tmp_path / "m.xml")


@pytest.mark.parametrize("name", ["model.xml", "model.onnx"])
def test_torn_graphs_are_refused(exported: Path, tmp_path: Path, name: str) -> None:
    whole = (exported / name).read_bytes()
    (tmp_path / "model.bin").write_bytes((exported / "model.bin").read_bytes())
    for length in (0, 1, 9, 100, len(whole) // 2, len(whole) - 20):
        (tmp_path / name).write_bytes(whole[:length])
        with pytest.raises(ModelError):
            load_model(tmp_path / name)
    rng = np.random.default_rng(0)
    for _ in range(100):
        (tmp_path / name).write_bytes(rng.bytes(40))
        with pytest.raises(ModelError):
            read_metadata(tmp_path / name)


def test_a_graph_is_no_start_of_a_training(exported: Path, tmp_path: Path) -> None:
    told = invoke(
        "tune", exported / "model.onnx", "-o", tmp_path / "t.safetensors", "--scenes", tmp_path
    )
    assert "without tensors to go on with" in str(told.exception)


# Graphs of other libraries


def made(path: Path, metadata: dict[str, Any] | None = None, **changed: Any) -> Path:
    """A network that blurs each band by 3 x 3 pixels, as ONNX, and the text beside it.

    Floats may pass nodes ``before``, from "images" to "x", with ``constants`` of their own.
    """
    shape = changed.get("shape", ["b", 3, "h", "w"])
    helper = onnx.helper
    kernel = np.zeros((3, 3, 3, 3), np.float32)
    kernel[range(3), range(3)] = np.float32(1 / 9)
    kind = {"bytes": onnx.TensorProto.UINT8}.get(changed.get("kind", ""), onnx.TensorProto.FLOAT)
    nodes = [helper.make_node("Conv", ["x", "kernel"], ["y"], pads=[1, 1, 1, 1])]
    if changed.get("kind") == "bytes":
        nodes = [helper.make_node("Cast", ["images"], ["x"], to=onnx.TensorProto.FLOAT), *nodes]
        nodes += [helper.make_node("Div", ["y", "most"], ["maps"])]
    else:
        before = changed.get("before", [])
        nodes[0].input[0], nodes[0].output[0] = "x" if before else "images", "maps"
        nodes = [*before, *nodes]
    graph = helper.make_graph(
        nodes,
        "blur",
        [helper.make_tensor_value_info("images", kind, shape)],
        [helper.make_tensor_value_info("maps", onnx.TensorProto.FLOAT, ["b", 3, "h", "w"])],
        [
            onnx.numpy_helper.from_array(kernel, "kernel"),
            onnx.numpy_helper.from_array(np.array(255, np.float32), "most"),
            *(
                onnx.numpy_helper.from_array(np.asarray(value), name)
                for name, value in changed.get("constants", {}).items()
            ),
        ],
    )
    opset = [helper.make_opsetid("", 19)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)
    told = {
        "name": "blur",
        "halo_px": 8,
        "architecture": {"family": "graph", "depth": 3, "heads": ["body", "contact", "edge"]},
        "mean": [0, 0, 0],
        "std": [1, 1, 1],
    }
    sidecar_of(path).write_text(json.dumps(told | (metadata or {})))
    return path


def blurred(images: np.ndarray) -> np.ndarray:
    padded = np.pad(images.astype(np.float64) / 255, ((0, 0), (0, 0), (1, 1), (1, 1)))
    height, width = images.shape[2:]
    return sum(padded[..., r : r + height, c : c + width] for r in range(3) for c in range(3)) / 9


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("kind", ["floats", "bytes", "logits"])
def test_a_text_beside_a_graph_says_how_to_run_it(
    tmp_path: Path, images: np.ndarray, kind: str, runtime: Any
) -> None:
    told = {"graph": {"output": "logits"}} if kind == "logits" else {}
    model = load_model(made(tmp_path / "blur.onnx", told, kind=kind), runtime=runtime)
    assert isinstance(model, DenseFacts)
    maps = model.predict_maps(images)[..., :-4]  # the width is filled up there
    expected = blurred(images)[..., :-4]
    if kind == "logits":
        expected = 1 / (1 + np.exp(-expected))
    np.testing.assert_allclose(maps, expected, atol=1e-6)
    assert certify(model).exact


@pytest.mark.thorough
@pytest.mark.parametrize(
    "runtime",
    [RUNTIMES[0], *(pytest.param(other, marks=pytest.mark.thorough) for other in RUNTIMES[1:])],
)
def test_the_same_buildings_at_any_tile(
    tmp_path: Path, make_raster: RasterMaker, runtime: Any
) -> None:
    from painted import paint_town

    raster = make_raster("town.tif", paint_town(200, 300)[0])
    model = made(tmp_path / "blur.onnx")
    tables = []
    for tile in (64, 144, 320):
        output = tmp_path / f"{tile}.gpkg"
        predict(raster, output, model=str(model), runtime=runtime, tile_px=tile, device="cpu")
        tables.append(pyogrio.read_dataframe(output, layer="buildings").to_wkb())
    assert len(tables[0])
    for table in tables[1:]:
        assert table.equals(tables[0])


def test_graphs_of_one_size(tmp_path: Path, images: np.ndarray) -> None:
    path = made(tmp_path / "blur.onnx", shape=[1, 3, 64, 96])
    small = images[..., :50, :40]
    for runtime in RUNTIMES:
        model = load_model(path, runtime=runtime)
        maps = model.predict_maps(small)[..., :-4, :-4]
        np.testing.assert_allclose(maps, blurred(small)[..., :-4, :-4], atol=1e-6)
    large = np.zeros((1, 3, 72, 96), np.uint8)
    assert load_model(path).predict_maps(large).shape == (1, 3, 72, 96)
    with pytest.raises(ModelError, match="--tile 64"):
        load_model(path, runtime="onnxruntime").predict_maps(large)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(
    ("metadata", "changed", "message"),
    [
        ({}, {"shape": ["b", "h", "w", 3]}, "inputs-as-nchw"),
        ({"architecture": {"family": "graph", "heads": ["body"]}}, {}, "name 1 of them"),
        ({"graph": {"weights_sha256": "0" * 64}}, {}, "does not belong"),
        ({"halo_px": -1}, {}, "halo_px"),
        ({"surprise": 1}, {}, "surprise"),
    ],
    ids=["bands last", "other heads", "other graph", "no halo", "unknown key"],
)
def test_graphs_and_texts_that_do_not_fit(
    tmp_path: Path, metadata: dict[str, Any], changed: dict[str, Any], message: str, runtime: Any
) -> None:
    path = made(tmp_path / "blur.onnx", metadata, **changed)
    with pytest.raises(ModelError, match=message):
        load_model(path, runtime=runtime)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_zeros_padded_before_maxima_count(tmp_path: Path, runtime: Any) -> None:
    """onnxruntime's optimiser would leave them out; a black image is -1 here."""
    node = onnx.helper.make_node
    path = made(
        tmp_path / "rim.onnx",
        {"mean": [1, 1, 1]},
        before=[
            node("Pad", ["images", "pads", "zero"], ["padded"]),
            node("MaxPool", ["padded"], ["x"], kernel_shape=[3, 3]),
        ],
        constants={"pads": [0, 0, 1, 1, 0, 0, 1, 1], "zero": np.float32(0)},
    )
    maps = load_model(path, runtime=runtime).predict_maps(np.zeros((1, 3, 64, 96), np.uint8))
    np.testing.assert_allclose(maps[0, :, 0, 0], -1 / 9, atol=1e-6)
    np.testing.assert_allclose(maps[..., 2:-2, 2:-2], -1, atol=1e-6)


KERNEL = np.zeros((3, 3, 4, 4), np.float32)
UNLIKE = {
    "Resize": [
        ("Resize", ["images", "", "half"], ["h"], {"mode": "linear", "antialias": 1}),
        ("Resize", ["h", "", "twice"], ["x"], {"mode": "linear"}),
    ],
    "AveragePool": [
        (
            "AveragePool",
            ["images"],
            ["x"],
            {"kernel_shape": [3, 3], "pads": [1] * 4, "ceil_mode": 1, "count_include_pad": 1},
        )
    ],
    "ConvTranspose": [
        ("Resize", ["images", "", "half"], ["h"], {"mode": "linear"}),
        ("ConvTranspose", ["h", "up"], ["x"], {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ],
}


@pytest.mark.parametrize("part", UNLIKE)
def test_what_openvino_would_compute_otherwise_is_refused(tmp_path: Path, part: str) -> None:
    path = made(
        tmp_path / "unlike.onnx",
        before=[
            onnx.helper.make_node(kind, taken, given, **how)
            for kind, taken, given, how in UNLIKE[part]
        ],
        constants={
            "half": np.float32([1, 1, 0.5, 0.5]),
            "twice": np.float32([1, 1, 2, 2]),
            "up": KERNEL,
        },
    )
    with pytest.raises(ModelError, match=f"{part}.*--runtime onnxruntime"):
        load_model(path, runtime="openvino")
    images = np.zeros((1, 3, 64, 96), np.uint8)
    assert load_model(path, runtime="onnxruntime").predict_maps(images).shape == images.shape


def test_a_graph_of_which_nothing_is_said(tmp_path: Path) -> None:
    path = made(tmp_path / "blur.onnx")
    sidecar_of(path).unlink()
    assert read_graph_text(path) is None
    with pytest.raises(ModelError, match=r"no blur\.onnx\.json beside it"):
        load_model(path)
    with pytest.raises(ModelError, match="neither a dense model"):
        load_model(f"onnx:{path}")


def test_a_graph_of_unknown_make_is_no_network_to_build() -> None:
    with pytest.raises(ModelError, match="unknown make"):
        build_network(Architecture(family="graph"))
