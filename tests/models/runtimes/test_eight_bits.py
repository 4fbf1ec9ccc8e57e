"""Int8: whole numbers in every convolution, so that tiles equal the whole image; asked for, kept and refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import invoke
from small_model import written

from geoseg.errors import GeosegError, ModelError, UsageError
from geoseg.models import certify_model, load_model, loading
from geoseg.models.catalogue import describe_model
from geoseg.models.exporting import export_model
from geoseg.models.loading import foreseen_traits
from geoseg.models.measured import as_tensors, measured_in, network_alone
from geoseg.models.runtimes import choosing, dense, trial
from geoseg.models.runtimes.dense import OpenVinoDenseModel
from geoseg.models.runtimes.graph import build_graph
from geoseg.models.runtimes.interleaved import interleave
from geoseg.models.runtimes.library import core, openvino, operations
from geoseg.models.runtimes.rounding import LARGEST_WEIGHT, EightBits, whole_weights
from geoseg.models.traits import Traits
from geoseg.models.weights import Architecture, load_arrays, load_weights, save_weights
from geoseg.run.spread.specs import ModelSpec
from geoseg.run.state.identity import ModelIdentity
from geoseg.scenes.scene import Scene, save_scene
from geoseg.train import tune_model
from geoseg.train.average import average_weights
from geoseg.train.ranges import measure_ranges
from geoseg.types import Window

ARCHITECTURE = Architecture(depth=3, decoder_channels=(16, 8, 8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file, scenes, and the model with what was measured on them."""
    made = tmp_path_factory.mktemp("int8")
    written(made, ARCHITECTURE, gsd_m=(0.3, 0.4))
    rng = np.random.default_rng(0)
    for number in range(2):
        image = np.repeat(np.repeat(rng.integers(0, 256, (40, 40, 3), np.uint8), 8, 0), 8, 1)
        labels = np.zeros(image.shape[:2], np.uint16)
        save_scene(
            Scene(f"s{number}", "p", "train", 0.3, image, labels, labels > 0), made / "scenes"
        )
    measure_ranges(made / "model.safetensors", made / "scenes", made / "measured.safetensors")
    return made


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("geoseg.files.cache.cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache" / trial.FILE


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (1, 3, 200, 184), np.uint8)


def test_measuring_gives_the_same_every_time_and_leaves_the_weights(folder: Path) -> None:
    again = folder / "again.safetensors"
    measure_ranges(folder / "measured.safetensors", folder / "scenes", again)
    assert again.read_bytes() == (folder / "measured.safetensors").read_bytes()
    plain, measured = (
        load_arrays(folder / f"{name}.safetensors")[0] for name in ("model", "measured")
    )
    own = network_alone(measured)
    assert sorted(own) == sorted(plain)
    assert all(np.array_equal(own[name], plain[name]) for name in plain)


def test_it_is_near_single_precision_and_says_what_it_is(
    folder: Path, cache: Path, images: np.ndarray
) -> None:
    path = folder / "measured.safetensors"
    coarse, fine = (load_model(path, device="cpu", precision=each) for each in ("int8", "fp32"))
    assert Traits.of(coarse).precision == "int8"
    apart = np.abs(coarse.predict_maps(images) - fine.predict_maps(images))
    assert 0 < apart.mean() < 0.25 * fine.predict_maps(images).std()
    assert list(json.loads(cache.read_text()).values()) == [0.0]


@pytest.mark.parametrize("window", [(0, 0, 136, 136), (24, 8, 176, 160), (64, 48, 136, 136)])
def test_windows_equal_the_whole_to_the_bit(
    folder: Path, images: np.ndarray, window: tuple[int, int, int, int]
) -> None:
    model = OpenVinoDenseModel.from_file(folder / "measured.safetensors", precision="int8")
    row, col, height, width = window
    whole = model.predict_maps(images)
    cut = np.ascontiguousarray(images[..., row : row + height, col : col + width])
    halo = model.halo_px
    # Where the image ends, a run has no context either.
    top, left = (0 if off == 0 else halo for off in (row, col))
    bottom = height if row + height == images.shape[2] else height - halo
    right = width if col + width == images.shape[3] else width - halo
    tile = model.predict_part(cut, Window(top, left, bottom - top, right - left))
    assert np.array_equal(tile, whole[..., row + top : row + bottom, col + left : col + right])


def test_every_convolution_computes_with_bytes(folder: Path) -> None:
    arrays, metadata = load_arrays(folder / "measured.safetensors")
    graph = build_graph(arrays, metadata, EightBits(measured_in(arrays)))
    graph.reshape([1, 3, 64, 64])
    compiled = core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    told = [node.get_rt_info() for node in compiled.get_runtime_model().get_ordered_ops()]
    kinds = [
        str(one["runtimePrecision"].value)
        for one in told
        if str(one["layerType"].value) in {"Convolution", "Deconvolution"}
    ]
    assert len(kinds) == 24
    assert set(kinds) <= {"u8", "i8"}


def test_products_of_bytes_and_weights_fit_in_16_bits_by_two() -> None:
    weight = np.random.default_rng(0).normal(size=(8, 4, 3, 3)).astype(np.float32)
    whole, size = whole_weights(weight, 0)
    assert 255 * 2 * int(np.abs(whole.astype(np.int32)).max()) < 2**15
    assert np.abs(whole).max() == LARGEST_WEIGHT
    assert np.abs(whole * size - weight).mean() < 0.02


def test_rounding_keeps_answers_at_their_mean(folder: Path) -> None:
    arrays, _ = load_arrays(folder / "measured.safetensors")
    measured = measured_in(arrays)
    name = "encoder.model.conv_stem"
    means = measured[name].means
    weight = np.random.default_rng(1).normal(size=(6, len(means), 1, 1)).astype(np.float32)
    _, more = EightBits(measured).kernel(weight, 0, name)
    whole, size = whole_weights(weight, 0)
    rounded = (whole * size)[:, :, 0, 0]
    assert np.allclose(rounded @ means + more, weight[:, :, 0, 0] @ means, atol=1e-4)


def test_other_weights_start_without_what_was_measured(folder: Path, tmp_path: Path) -> None:
    path = folder / "measured.safetensors"
    state, _ = load_weights(path)
    assert sorted(state) == sorted(network_alone(load_arrays(path)[0]))
    average_weights([path, path], tmp_path / "mean.safetensors")
    assert not measured_in(load_arrays(tmp_path / "mean.safetensors")[0])


def test_a_processor_where_tiles_show_is_refused_and_remembered(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(
        "geoseg.models.certify.probe", lambda _, *, seed: asked.append(seed) or 0.11
    )
    for _ in range(2):
        with pytest.raises(UsageError, match=r"int8 is not exact on this processor.*0\.11"):
            load_model(folder / "measured.safetensors", device="cpu", precision="int8")
    assert len(asked) == 1
    cache.write_text("no json")
    with pytest.raises(UsageError, match="not exact"):
        load_model(folder / "measured.safetensors", device="cpu", precision="int8")
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("name", "asked", "message"),
    [
        ("model", {}, r"ranges were measured.*geoseg\.train\.ranges"),
        ("measured", {"runtime": "torch"}, "torch does not compute in int8"),
        ("measured", {"runtime": "onnxruntime"}, "onnxruntime does not compute in int8"),
        ("measured", {"device": "cuda"}, "on the processor alone"),
    ],
)
def test_where_int8_is_not_to_be_had(
    folder: Path, name: str, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        load_model(folder / f"{name}.safetensors", precision="int8", **asked)


def test_networks_of_another_encoder_are_refused(tmp_path: Path, folder: Path) -> None:
    path = written(tmp_path, Architecture(encoder="resnet18", depth=3, decoder_channels=(8, 8, 8)))
    for more in ({}, {"runtime": "torch"}, {"device": "cuda"}):
        with pytest.raises(UsageError, match="EfficientNet lite"):
            load_model(path, precision="int8", **more)
    with pytest.raises(ModelError, match="nothing was measured"):
        measure_ranges(path, folder / "scenes", tmp_path / "new.safetensors")
    with pytest.raises(GeosegError, match=r"EfficientNet lite.*without --precision"):
        export_model(path, tmp_path / "new.xml", precision="int8")
    assert not list(tmp_path.glob("new*"))


@pytest.mark.parametrize("damage", ["missing", "not a number", "wrong size"])
def test_damaged_measurements_are_refused(folder: Path, tmp_path: Path, damage: str) -> None:
    arrays, metadata = load_arrays(folder / "measured.safetensors")
    largest, means = (f"eight_bits.{kind}.encoder.model.conv_stem" for kind in ("largest", "means"))
    if damage == "missing":
        del arrays[means]
    elif damage == "not a number":
        arrays[largest] = np.array([np.nan])
    else:
        arrays[means] = arrays[means][:5]
    path = tmp_path / "damaged.safetensors"
    save_weights(arrays, metadata, path)
    with pytest.raises(ModelError):
        load_model(path, device="cpu", precision="int8")


@pytest.mark.thorough
@pytest.mark.usefixtures("cache")
def test_an_exported_graph_is_the_same_and_keeps_its_precision(
    folder: Path, images: np.ndarray, tmp_path: Path
) -> None:
    done = export_model(folder / "measured.safetensors", tmp_path / "m.xml", precision="int8")
    assert done.certificate.largest_difference == 0
    graph = load_model(done.output, device="cpu")
    assert Traits.of(graph).precision == "int8"
    expected = load_model(folder / "measured.safetensors", device="cpu", precision="int8")
    assert np.array_equal(graph.predict_maps(images), expected.predict_maps(images))
    with pytest.raises(UsageError, match="exported in int8"):
        load_model(done.output, device="cpu", precision="fp32")
    with pytest.raises(UsageError, match=r"\.xml files"):
        export_model(folder / "measured.safetensors", tmp_path / "m.onnx", precision="int8")
    plain = export_model(folder / "model.safetensors", tmp_path / "plain.xml")
    with pytest.raises(UsageError, match="not exported in int8"):
        load_model(plain.output, device="cpu", precision="int8")


def test_as_tensors_is_read_back() -> None:
    measured = measured_in(
        as_tensors(
            measured_in({"eight_bits.largest.a": np.array([2.5]), "eight_bits.means.a": np.ones(3)})
        )
    )
    assert measured["a"].largest == 2.5


@pytest.fixture
def built_in(
    folder: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], None]:
    """Makes one of the folder's files the built-in model, on an x86 processor."""
    del cache
    default = tmp_path / "default.safetensors"
    monkeypatch.setattr(loading, "DEFAULT_WEIGHTS", default)
    monkeypatch.setattr(choosing, "processor_kind", lambda: "x86_64 avx2")

    def take(name: str) -> None:
        default.write_bytes((folder / f"{name}.safetensors").read_bytes())

    take("measured")
    return take


@pytest.mark.usefixtures("built_in")
def test_auto_is_int8_for_the_built_in_model_alone(
    folder: Path, images: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    quick = load_model("default", device="cpu")
    asked = load_model(folder / "measured.safetensors", device="cpu", precision="int8")
    assert Traits.of(quick).precision == "int8"
    assert np.array_equal(quick.predict_maps(images), asked.predict_maps(images))
    assert Traits.of(load_model("default", device="cpu", precision="fp32")).precision == "fp32"
    copied = load_model(folder / "measured.safetensors", device="cpu")
    assert Traits.of(copied).precision == "fp32"
    assert [one.levelname for one in caplog.records] == ["WARNING"]  # the trial, once
    assert "compares tiles with a whole image" in caplog.text


@pytest.mark.usefixtures("cache")
def test_files_tell_whether_they_run_in_int8(folder: Path, tmp_path: Path) -> None:
    plain, measured = (folder / f"{name}.safetensors" for name in ("model", "measured"))
    assert "geoseg tune" in (describe_model(plain).int8_lacks or "")
    assert describe_model(measured).int8_lacks is None
    assert "int8        yes, by" in invoke("models", measured).stdout
    other = written(tmp_path, Architecture(encoder="resnet18", depth=3, decoder_channels=(8, 8, 8)))
    assert "no: it is for networks on an EfficientNet lite" in invoke("models", other).stdout
    exported = export_model(measured, tmp_path / "m.xml", precision="int8").output
    assert describe_model(exported).int8_lacks is None
    graph = export_model(plain, tmp_path / "plain.xml").output
    assert "exported in another" in (describe_model(graph).int8_lacks or "")


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("default", {}, ("openvino", "int8")),
        ("default", {"precision": "fp32"}, ("openvino", "fp32")),
        ("default", {"runtime": "torch"}, ("torch", "fp32")),
        ("measured", {}, ("openvino", "fp32")),
        ("measured", {"precision": "int8"}, ("openvino", "int8")),
        ("measured", {"precision": "bf16", "runtime": "torch"}, ("torch", "bf16")),
    ],
)
def test_what_runs_is_foreseen_and_comes_true(
    built_in: Callable[[str], None],
    folder: Path,
    name: str,
    asked: dict[str, Any],
    expected: tuple[str, str],
) -> None:
    model = name if name == "default" else folder / f"{name}.safetensors"
    where: dict[str, Any] = {"device": "cpu", "precision": "auto", "runtime": "auto"} | asked
    told, loaded = foreseen_traits(model, **where), Traits.of(load_model(model, **where))
    assert (told.runtime, told.precision) == expected
    assert (loaded.runtime.partition(" ")[0], loaded.precision) == expected
    built_in("model")
    assert foreseen_traits("default", device="cpu", precision="auto", runtime="auto").precision == (
        "fp32"
    )


@pytest.mark.usefixtures("built_in")
def test_what_was_found_is_foreseen(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where: dict[str, Any] = {"device": "cpu", "runtime": "auto"}
    graph = export_model(folder / "model.safetensors", tmp_path / "plain.xml").output
    assert foreseen_traits(graph, precision="auto", **where).precision == "fp32"
    monkeypatch.setattr("geoseg.models.certify.probe", lambda *_, **__: 0.11)
    load_model("default", device="cpu")
    assert foreseen_traits("default", precision="auto", **where).precision == "fp32"
    for name, sentence in (
        ("measured", "int8 is not exact"),
        ("model", "ranges were measured"),
        (graph, "not exported in int8"),
    ):
        path = name if isinstance(name, Path) else folder / f"{name}.safetensors"
        with pytest.raises(UsageError, match=sentence):
            foreseen_traits(path, precision="int8", **where)


@pytest.mark.usefixtures("built_in")
@pytest.mark.parametrize("named", ["default.safetensors", "../{}/default.safetensors"])
def test_the_built_in_model_is_known_by_any_name(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = load_model(named.format(tmp_path.name), device="cpu")
    assert Traits.of(loaded).precision == "int8"


def test_auto_is_fp32_where_tiles_show(
    built_in: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    del built_in
    monkeypatch.setattr("geoseg.models.certify.probe", lambda *_, **__: float("nan"))
    for _ in range(2):
        assert Traits.of(load_model("default", device="cpu")).precision == "fp32"
    with pytest.raises(UsageError, match="int8 is not exact"):
        load_model("default", device="cpu", precision="int8")


def test_auto_is_fp32_where_nothing_was_measured(built_in: Callable[[str], None]) -> None:
    built_in("model")
    assert Traits.of(load_model("default", device="cpu")).precision == "fp32"


@pytest.mark.usefixtures("built_in")
def test_auto_is_fp32_where_what_was_measured_is_damaged() -> None:
    arrays, metadata = load_arrays(loading.DEFAULT_WEIGHTS)
    arrays["eight_bits.largest.encoder.model.conv_stem"] = np.array([np.nan])
    save_weights(arrays, metadata, loading.DEFAULT_WEIGHTS)
    assert Traits.of(load_model("default", device="cpu")).precision == "fp32"


@pytest.mark.usefixtures("built_in")
def test_auto_is_fp32_on_other_processors_and_runtimes(monkeypatch: pytest.MonkeyPatch) -> None:
    by_torch = load_model("default", device="cpu", runtime="torch")
    assert Traits.of(by_torch).precision == "fp32"
    monkeypatch.setattr(choosing, "processor_kind", lambda: "arm64 dotprod i8mm")
    assert Traits.of(load_model("default", device="cpu")).precision == "fp32"


@pytest.mark.usefixtures("built_in")
@pytest.mark.parametrize("home", ["a file in its place", "none"])
def test_without_a_place_to_keep_the_answer_it_is_tried_at_every_start_and_workers_are_told(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    place = None if home == "none" else tmp_path / "file"
    monkeypatch.setattr("geoseg.files.cache.cache_folder", lambda: place)
    asked = []
    monkeypatch.setattr("geoseg.models.certify.probe", lambda *_, **__: asked.append(1) or 0.0)
    unkept: dict[str, float] = {}
    monkeypatch.setattr(trial, "_unkept", unkept)
    for _ in range(2):
        loaded = load_model("default", device="cpu")
        assert Traits.of(loaded).precision == "int8"
    spec = ModelSpec.of(loaded, averaged=False, any_processor=True)
    unkept.clear()  # a worker, which starts with nothing
    spec.load()
    assert len(asked) == 1
    unkept.clear()
    load_model("default", device="cpu")
    assert len(asked) == 2
    spec.load()
    monkeypatch.setattr(trial, "processor_kind", lambda: "x86_64 strange")
    spec.load()  # on another kind of processor it finds out for itself
    assert len(asked) == 3


@pytest.mark.usefixtures("built_in")
def test_workers_compute_as_home_does(monkeypatch: pytest.MonkeyPatch) -> None:
    specs = [
        ModelSpec.of(
            load_model("default", device="cpu", precision=each), averaged=False, any_processor=True
        )
        for each in ("auto", "fp32")
    ]
    # A worker on another machine, where auto is fp32.
    monkeypatch.setattr(choosing, "processor_kind", lambda: "arm64 dotprod")
    assert [Traits.of(spec.load()).precision for spec in specs] == ["int8", "fp32"]
    # A worker where int8 is not to be had says so, and what to do.
    monkeypatch.setattr(trial, "processor_kind", lambda: "x86_64 strange")
    monkeypatch.setattr("geoseg.models.certify.probe", lambda *_, **__: 0.11)
    with pytest.raises(UsageError, match=r"not exact on this processor \(x86_64 strange\).*fp32"):
        specs[0].load()


@pytest.mark.usefixtures("built_in")
def test_a_run_in_int8_and_one_in_fp32_are_two_and_so_are_two_kinds_of_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    coarse, fine = (
        ModelIdentity.of(Traits.of(load_model("default", device="cpu", precision=each)))
        for each in ("auto", "fp32")
    )
    assert list(coarse.differences(fine)) == ["the precision was 'int8' and is 'fp32'"]
    monkeypatch.setattr("geoseg.models.traits.processor_kind", lambda: "x86_64 avx2 avx512f")
    elsewhere = ModelIdentity.of(Traits.of(load_model("default", device="cpu")))
    (told,) = coarse.differences(elsewhere)
    assert told.startswith("the kind of processor was")


@pytest.mark.usefixtures("built_in")
def test_certification_looks_at_what_runs_and_exports_stay_fp32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(
        "geoseg.models.certify.probe",
        lambda model, *, seed: seen.append((Traits.of(model).precision, seed)) or 0.0,
    )
    certify_model("default", device="cpu")
    assert seen == [("int8", 0)] * 2  # the trial and the certificate
    done = export_model("default", tmp_path / "m.xml")
    assert seen[2:] == [("fp32", 0)]
    assert Traits.of(load_model(done.output, device="cpu")).precision == "fp32"


@pytest.mark.usefixtures("built_in")
def test_thresholds_are_tuned_in_what_the_new_file_runs_in(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def tune(model: object, *_: object) -> object:
        seen.append(Traits.of(model).precision)
        raise ModelError("far enough")

    monkeypatch.setattr("geoseg.train.tune.tune", tune)
    for precision in ("auto", "int8"):
        with pytest.raises(ModelError, match="far enough"):
            tune_model(
                "default", tmp_path / "new.safetensors", scenes=folder / "scenes", split="train", device="cpu",
                precision=precision,
            )  # fmt: skip
    assert seen == ["fp32", "int8"]


@pytest.mark.parametrize("pads", [(1, 1), (0, 0), (2, 1)])
def test_a_transposed_convolution_is_a_plain_one_side_by_side(pads: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    weight = rng.integers(-64, 65, (5, 6, 4, 4), np.int8)
    size = rng.uniform(0.01, 0.02, (1, 6, 1, 1)).astype(np.float32)
    image = rng.integers(0, 256, (1, 5, 9, 11)).astype(np.float32)
    ops = operations()

    def graph() -> Any:
        x = ops.parameter(image.shape, np.float32)
        kernel = ops.multiply(ops.convert(ops.constant(weight), "f32"), ops.constant(size))
        y = ops.convolution_backprop_data(
            x, kernel, [2, 2], pads_begin=[pads[0]] * 2, pads_end=[pads[1]] * 2
        )
        return openvino().Model([y], [x])

    plain, beside = graph(), graph()
    interleave(beside)
    kinds = {node.get_type_name() for node in beside.get_ops()}
    assert "Convolution" in kinds
    assert "ConvolutionBackpropData" not in kinds
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    one, other = (
        core().compile_model(each, "CPU", settings)({0: image})[0] for each in (plain, beside)
    )
    assert one.shape == other.shape
    assert np.allclose(one, other, rtol=1e-5, atol=1e-3)


def test_without_avx512_nothing_is_transposed_in_eight_bits(
    folder: Path, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, part = folder / "measured.safetensors", Window(40, 48, 96, 80)
    answers = []
    for rounds in (True, False):
        monkeypatch.setattr(dense, "rounds_transposed", lambda rounds=rounds: rounds)
        model = OpenVinoDenseModel.from_file(path, precision="int8")
        answers.append(model.predict_part(images, part))
        assert np.array_equal(answers[-1], model.predict_maps(images)[..., 40:136, 48:128])
    assert np.abs(answers[0] - answers[1]).mean() < 1e-3
