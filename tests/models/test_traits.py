"""What is known of a model: of the built-in one, of wrapped ones, of anybody's object."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from painted import PaintedModel

import geoseg
from geoseg.files.digest import sha256_of
from geoseg.machine import give_large_arrays_back, keep_freed_memory
from geoseg.models import DEFAULT_WEIGHTS, load_model
from geoseg.models.averaged import averaged, averaged_if
from geoseg.models.records import Calibration
from geoseg.models.traits import Traits
from geoseg.models.weights import Decoding


class Masks:
    gsd_m = (0.2, 0.5)
    version = 3

    def predict_instances(self, images: Any) -> list[list[geoseg.Instance]]:
        return [[] for _ in images]


def test_the_built_in_model_and_its_header_say_the_same() -> None:
    loaded, header = (
        Traits.of(load_model(device="cpu", runtime="torch")),
        Traits.of_file(DEFAULT_WEIGHTS),
    )
    assert (loaded.device, loaded.precision) == ("cpu", "fp32")
    assert loaded.network is not None
    assert loaded.sha256 == sha256_of(DEFAULT_WEIGHTS)
    told = ("kind", "name", "class_name", "version", "sha256", "gsd_m", "heads", "halo_px")
    told += ("stride_px", "decoding", "calibration", "tta", "averaged")
    assert {name: getattr(loaded, name) for name in told} == {
        name: getattr(header, name) for name in told
    }
    assert not header.tta


def test_the_header_is_read_without_torch() -> None:
    code = (
        "import sys; from geoseg.models.loading import DEFAULT_WEIGHTS\n"
        "from geoseg.models.traits import Traits\n"
        "Traits.of_file(DEFAULT_WEIGHTS); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_an_averaged_model_is_the_one_it_averages() -> None:
    inner = PaintedModel()
    inner.name, inner.sha256, inner.device = "painted", "00ff", "cuda:1"  # type: ignore[attr-defined]
    traits = Traits.of(averaged(inner))
    assert traits.averaged
    assert not Traits.of(inner).averaged
    assert (traits.name, traits.sha256, traits.class_name) == (
        "painted", "00ff", "painted.PaintedModel",
    )  # fmt: skip
    assert (traits.device_kind, traits.on_gpu) == ("cuda", True)


def test_an_object_with_nothing_but_its_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    dense, masks = Traits.of(PaintedModel()), Traits.of(Masks())
    assert (dense.kind, dense.name, dense.halo_px, dense.stride_px) == (
        "maps", "PaintedModel", 0, 8,
    )  # fmt: skip
    assert (dense.version, dense.sha256, dense.device, dense.precision) == ("1", "", "", "")
    monkeypatch.delattr(PaintedModel, "version")
    assert Traits.of(PaintedModel()).version is None
    assert not dense.on_gpu
    assert (masks.kind, masks.halo_px, masks.stride_px, masks.heads) == ("masks", None, None, ())
    assert masks.gsd_m == (0.2, 0.5)
    assert masks.as_dict()["version"] == "3"
    assert masks.class_name.endswith("test_traits.Masks")


@pytest.mark.parametrize("foreign", [{"tta": True}, SimpleNamespace(tta="no", decoding={}), 5])
def test_foreign_metadata_counts_as_none(foreign: object) -> None:
    model = PaintedModel()
    model.metadata = foreign  # type: ignore[attr-defined]
    traits = Traits.of(model)
    assert (traits.decoding, traits.calibration, traits.tta) == (None, None, False)


def test_parts_of_geosegs_own_kinds_count() -> None:
    model = PaintedModel()
    decoding, calibration = Decoding(body_threshold=0.3), Calibration(intercept=1, curves={})
    model.metadata = SimpleNamespace(decoding=decoding, calibration=calibration, tta=True)  # type: ignore[attr-defined]
    traits = Traits.of(model)
    assert (traits.decoding, traits.calibration, traits.tta) == (decoding, calibration, True)
    assert averaged_if(model, None, enlarged=True) is not model


@pytest.mark.parametrize(
    ("device", "runtime", "expected"),
    [
        ("cpu", "torch 2.13", True),
        ("cpu", "", True),
        ("cpu", "openvino 2026.4.1", False),
        ("cuda:0", "torch 2.13", False),
        ("", "", False),
    ],
)
def test_who_asks_for_memory_layer_by_layer(device: str, runtime: str, expected: bool) -> None:
    model = SimpleNamespace(predict_instances=list, device=device, runtime=runtime, gsd_m=None)
    traits = Traits.of(model)  # type: ignore[arg-type]
    assert traits.allocates_anew is expected
    rule = keep_freed_memory if expected else None
    assert traits.memory_rule is (give_large_arrays_back if "openvino" in runtime else rule)
