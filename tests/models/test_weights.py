"""Model files, the torch model, and loading by name."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save_file

from geoseg.errors import ModelError, UsageError
from geoseg.files.digest import sha256_of
from geoseg.models import DenseModel, load_model
from geoseg.models.dense import TorchDenseModel
from geoseg.models.encoders import ENCODERS
from geoseg.models.loading import DEFAULT_WEIGHTS
from geoseg.models.network import build_network
from geoseg.models.weights import (
    Architecture,
    Decoding,
    Metadata,
    load_weights,
    read_metadata,
    save_weights,
)

SMALL = Architecture(encoder="resnet18", depth=3, decoder_channels=(16, 8, 8))


@pytest.fixture(scope="module")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "small.safetensors"
    metadata = Metadata(name="small", architecture=SMALL, gsd_m=(0.3, 0.4), halo_px=80)
    save_weights(build_network(SMALL).state_dict(), metadata, path)
    return path


@pytest.fixture(scope="module")
def small(small_file: Path) -> TorchDenseModel:
    return TorchDenseModel.from_file(small_file, device="cpu")


def noise(batch: int, height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (batch, 3, height, width), dtype=np.uint8)


@pytest.mark.thorough
def test_broken_torchvision_is_healed() -> None:
    code = """
import sys, types, torch
from geoseg.models import torchvision_repair as repair
import importlib
real, calls = importlib.import_module, []
def broken_once(name, package=None):
    if name == "torchvision" and not calls:
        calls.append(name)
        raise RuntimeError("operator torchvision::nms does not exist")
    return real(name, package)
importlib.import_module = broken_once
def works():
    try:
        real("torchvision")
    except RuntimeError:
        return False
    return True
if works():
    sys.exit(0)  # this machine's torchvision is whole; there is nothing to heal
for name in [n for n in sys.modules if n.split(".")[0] == "torchvision"]:
    del sys.modules[name]
assert repair.ensure_torchvision()
import torchvision
boxes = torch.tensor([[0, 0, 10, 10], [1, 1, 10, 10], [20, 20, 30, 30.0]])
kept = torchvision.ops.nms(boxes, torch.tensor([0.5, 0.9, 0.3]), 0.5)
assert kept.tolist() == [1, 2], kept
pooled = torchvision.ops.roi_align(torch.rand(1, 2, 8, 8), [torch.tensor([[0, 0, 4, 4.0]])], 2)
assert pooled.shape == (1, 2, 2, 2)
import timm, segmentation_models_pytorch
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_plain_nms_keeps_the_best_of_overlapping_boxes() -> None:
    from geoseg.models.torchvision_repair import plain_nms

    boxes = torch.tensor([[0, 0, 4, 4], [0, 0, 4, 3], [0, 0, 4, 2], [9, 9, 10, 10.0]])
    assert plain_nms(boxes, torch.tensor([0.1, 0.9, 0.8, 0.2]), 0.6).tolist() == [1, 3]
    assert plain_nms(boxes, torch.tensor([0.1, 0.9, 0.8, 0.2]), 0.7).tolist() == [1, 2, 3]
    assert plain_nms(boxes[:0], torch.empty(0), 0.5).tolist() == []


def test_file_round_trip(small_file: Path) -> None:
    state, metadata = load_weights(small_file)
    network = build_network(SMALL)
    network.load_state_dict(state)
    assert metadata == read_metadata(small_file)
    assert metadata.name == "small"
    assert metadata.architecture.stride_px == 8
    assert all(t.dtype != torch.float16 for t in state.values())


def test_decoding_as_grey_levels() -> None:
    assert Decoding(body_threshold=0.4, seed_threshold=1.0).as_levels() == {
        "body_threshold": 102,
        "seed_threshold": 255,
        "join_threshold": 255,
        "contact_weight": 255,
        "edge_weight": 128,
        "min_mean_body": 128,
    }


def test_the_limit_on_mean_body_is_read_by_its_old_name_and_written_by_its_new_one() -> None:
    old = Decoding.model_validate_json('{"min_confidence": 0.7}')
    assert old == Decoding(min_mean_body=0.7)
    assert old.model_dump()["min_mean_body"] == 0.7
    assert "min_confidence" not in old.model_dump_json()
    assert Decoding.model_validate_json(old.model_dump_json()) == old
    assert old.model_copy(update={"min_mean_body": 0.6}) == Decoding(min_mean_body=0.6)
    with pytest.raises(ValidationError, match="min_confidence"):
        Decoding.model_validate({"min_confidence": 1.5})


def test_the_built_in_model_keeps_its_limit_on_mean_body() -> None:
    decoding = read_metadata(DEFAULT_WEIGHTS).decoding
    assert decoding is not None
    assert decoding.min_mean_body != Decoding().min_mean_body


def test_levels_are_what_the_decoder_takes() -> None:
    from geoseg.decode.params import DecodeParams

    assert DecodeParams(**Decoding().as_levels()).body_threshold == 115


def test_sha256_names_the_bytes(small_file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(small_file.read_bytes())
    assert sha256_of(copy) == sha256_of(small_file)
    assert load_model(copy, device="cpu").sha256 == sha256_of(small_file)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a usable geoseg model file"),
        (b"hello, this is no model at all", "not a usable geoseg model file"),
        (b"PK\x03\x04rest", "pickle"),
        (b"\x80\x04rest", "pickle"),
    ],
)
def test_foreign_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        load_model(path, device="cpu")


def test_a_real_pickle_is_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    torch.save({"weight": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match="pickle"):
        load_model(path)


def test_truncated_file_is_refused(small_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    path.write_bytes(small_file.read_bytes()[:-100])
    with pytest.raises(ModelError, match=r"cut\.safetensors"):
        load_model(path, device="cpu")


def test_safetensors_of_another_program_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match="comes from elsewhere"):
        load_model(path, device="cpu")


@pytest.mark.parametrize(
    "text", ["{", json.dumps({"name": "x"}), json.dumps({"name": "x", "halo_px": -1})]
)
def test_bad_metadata_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.safetensors"
    save_file({"weight": torch.zeros(1)}, path, metadata={"geoseg": text})
    with pytest.raises(ModelError, match="metadata"):
        read_metadata(path)


def test_tensors_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "unfit.safetensors"
    save_weights({"a": torch.zeros(1)}, Metadata(name="x", architecture=SMALL, halo_px=8), path)
    with pytest.raises(ModelError, match="do not fit"):
        load_model(path, device="cpu")


def test_unknown_encoder_is_refused() -> None:
    with pytest.raises(ModelError, match="no-such-net"):
        build_network(Architecture(encoder="no-such-net"))
    with pytest.raises(ModelError, match="did you mean resnet18"):
        build_network(Architecture(encoder="resnet-18"))
    with pytest.raises(ModelError, match="must name 4 stages"):
        build_network(Architecture(decoder_channels=(8, 8)))


@pytest.mark.parametrize(
    "encoder",
    ["tu-hf-hub:someone/some-model", "tu-hf_hub:a/b", "tu-local-dir:/etc", "tu-../resnet18", ""],
)
def test_a_file_cannot_name_an_address_or_a_folder(
    encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object, **__: object) -> None:
        raise AssertionError(f"{encoder} was handed on")

    monkeypatch.setattr("segmentation_models_pytorch.Unet", asked)
    with pytest.raises(ModelError, match="is not one that geoseg builds"):
        build_network(Architecture(encoder=encoder))


def test_every_encoder_on_the_list_is_known_to_its_library() -> None:
    import timm
    from segmentation_models_pytorch.encoders import encoders

    known = {*encoders, *(f"tu-{name}" for name in timm.list_models())}
    assert known >= ENCODERS


def test_missing_file_and_odd_objects() -> None:
    with pytest.raises(ModelError, match="there is no model 'nowhere': name 'default', the path"):
        load_model("nowhere")
    with pytest.raises(UsageError, match="int is no model"):
        load_model(3)  # type: ignore[arg-type]


def test_objects_pass_through(small: TorchDenseModel) -> None:
    assert load_model(small) is small
    assert isinstance(small, DenseModel)


def test_devices_and_precisions_are_checked(small_file: Path) -> None:
    with pytest.raises(UsageError, match="device 'abacus'"):
        load_model(small_file, device="abacus")
    with pytest.raises(UsageError, match="precision 'fp3'"):
        load_model(small_file, device="cpu", precision="fp3")  # type: ignore[arg-type]


def test_maps_have_the_images_shape_and_range(small: TorchDenseModel) -> None:
    maps = small.predict_maps(noise(2, 70, 45))
    assert maps.shape == (2, 3, 70, 45)
    assert maps.dtype == np.float32
    assert 0 <= maps.min() < maps.max() <= 1


def test_maps_do_not_depend_on_the_batch(small: TorchDenseModel) -> None:
    images = noise(5, 64, 96)
    together = small.predict_maps(images)
    backwards = small.predict_maps(images[::-1])[::-1]
    alone = np.concatenate([small.predict_maps(image[None]) for image in images])
    np.testing.assert_array_equal(together, backwards)
    np.testing.assert_array_equal(together, alone)


def test_bf16_is_close(small_file: Path, small: TorchDenseModel) -> None:
    low = TorchDenseModel.from_file(small_file, device="cpu", precision="bf16")
    difference = np.abs(low.predict_maps(noise(1, 64, 64)) - small.predict_maps(noise(1, 64, 64)))
    assert 0 < difference.max() < 0.1


def test_wrong_images_are_refused(small: TorchDenseModel) -> None:
    with pytest.raises(UsageError, match="uint8 of shape"):
        small.predict_maps(np.zeros((1, 3, 32, 32), np.float32))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="uint8 of shape"):
        small.predict_maps(np.zeros((1, 4, 32, 32), np.uint8))


def test_the_built_in_model() -> None:
    model = load_model("default", device="cpu", runtime="torch")
    assert isinstance(model, TorchDenseModel)
    assert model.heads == ("body", "contact", "edge")
    assert (model.stride_px, model.halo_px) == (16, 208)
    assert model.predict_maps(noise(1, 64, 64)).shape == (1, 3, 64, 64)


@pytest.mark.parametrize("length", [0x0280, 0x0480, 0x4B50])
def test_a_header_of_any_length_is_no_pickle(tmp_path: Path, length: int) -> None:
    header = (b'{"__metadata__":{"foreign":"yes"}').ljust(length - 1) + b"}"
    path = tmp_path / "m.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + header)
    with pytest.raises(ModelError, match="no geoseg metadata"):
        read_metadata(path)
