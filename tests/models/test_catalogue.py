"""``geoseg models``: what model files say about themselves."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from commands import invoke
from safetensors.numpy import save_file

from geoseg.errors import ModelError
from geoseg.files.digest import sha256_of
from geoseg.models import DEFAULT_WEIGHTS, load_model
from geoseg.models.card import render_card, write_card
from geoseg.models.catalogue import built_in_models, describe_model
from geoseg.models.records import Validation
from geoseg.models.weights import DataSource, Metadata, read_metadata


def write(path: Path, key: str, text: str) -> Path:
    save_file({"weight": np.zeros(1, np.float32)}, path, metadata={key: text})
    return path


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    metadata = Metadata(
        name="mine [draft]",
        halo_px=224,
        gsd_m=(0.1, 0.25),
        sources=(DataSource(name="our town", licence="CC0"),),
        metrics={"Oldtown": {"f1": 0.5, "buildings": 12.0, "area_bias": -0.034}},
    )
    return write(tmp_path / "mine.safetensors", "geoseg", metadata.model_dump_json())


def test_the_built_in_model() -> None:
    (default,) = built_in_models()
    metadata = read_metadata(DEFAULT_WEIGHTS)
    assert (default.use, default.kind, default.exact) == ("default", "maps", True)
    assert (default.halo_px, default.gsd_m) == (metadata.halo_px, metadata.gsd_m)
    assert default.scores == metadata.metrics
    assert default.calibrated is (metadata.calibration is not None)
    assert len(default.sources) == len(metadata.sources) > 0


def test_the_built_in_model_by_name() -> None:
    (shown,) = json.loads(invoke("models", "default", "--json").stdout)
    assert shown["file"] == str(DEFAULT_WEIGHTS)
    assert shown["use"] == "default"
    assert load_model("default").sha256 == shown["sha256"]


def test_the_list_as_json() -> None:
    result = invoke("models", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told[0]["use"] == "default"
    assert told[0]["sha256"] == sha256_of(DEFAULT_WEIGHTS)


def test_a_file_says_whether_it_predicts_on_two_views(tmp_path: Path) -> None:
    for tta, native, shown in (
        (True, False, "averaged over two, unless --no-tta"),
        (False, True, "averaged over two where photos need not be enlarged"),
        (False, False, "one, unless --tta"),
    ):
        metadata = Metadata(name="m", halo_px=16, tta=tta, tta_native=native)
        path = write(tmp_path / "m.safetensors", "geoseg", metadata.model_dump_json())
        told = describe_model(path)
        assert (told.tta, told.tta_native) == (tta, native)
        assert shown in " ".join(invoke("models", str(path)).stdout.split())


def test_a_file(mine: Path) -> None:
    result = invoke("models", mine)
    assert result.exit_code == 0, result.output
    shown = " ".join(result.stdout.split())
    for text in (
        "mine [draft]", "0.1 to 0.25 m", "halo 224 px", "body_threshold 0.45", "our town: CC0",
        "not calibrated", "Oldtown 12 0.50 -3%",
    ):  # fmt: skip
        assert text in shown


def test_a_file_for_one_pixel_size(tmp_path: Path) -> None:
    metadata = Metadata(name="m", halo_px=16, gsd_m=(0.3, 0.3))
    path = write(tmp_path / "m.safetensors", "geoseg", metadata.model_dump_json())
    assert "pixel size 0.3 m exact" in " ".join(invoke("models", path).stdout.split())
    assert "| input | red, green, blue, 8 bit, 0.3 m per pixel; finer" in render_card(path)


@pytest.mark.parametrize(
    ("pieces", "gain", "words"),
    [
        (9, 0.004, "did no better there (9 in turn)"),
        (9, 0.03, "found more there, but not without total areas beyond the limit (9 in turn)"),
        (1, 0.0, "too little labelled ground to tell"),
    ],
)
def test_the_card_says_why_thresholds_stayed(
    tmp_path: Path, pieces: int, gain: float, words: str
) -> None:
    validation = Validation(
        place_weights={"a": 1}, max_area_bias=0.03, f1=0.6, area_bias=0, folds="none",
        kept=True, pieces=pieces, gain=gain, gain_error=0.01,
    )  # fmt: skip
    scores = {"buildings": 9.0, "f1": 0.6}
    metadata = Metadata(name="m", halo_px=16, metrics={"a": scores}, validation=validation)
    path = write(tmp_path / "m.safetensors", "geoseg", metadata.model_dump_json())
    assert words in render_card(path)


@pytest.mark.thorough
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
@pytest.mark.parametrize("width", [1200, 500])
def test_a_card_as_a_page_is_as_wide_as_the_window(tmp_path: Path, width: int) -> None:
    training = {
        "handed out": "the start, since nothing was surely better on ground not learnt " * 3
    }
    metadata = Metadata(name="m", halo_px=16, training=training)
    page = tmp_path / "card.html"
    write_card(write(tmp_path / "m.safetensors", "geoseg", metadata.model_dump_json()), page)
    html = page.read_text(encoding="utf-8")
    policy = re.search(r"<meta http-equiv[^>]*>", html)
    assert policy is not None
    told = "<script>document.title = document.querySelector('section').scrollWidth + ' of ' + document.querySelector('section').clientWidth</script></body>"  # fmt: skip
    page.write_text(html.replace(policy[0], "").replace("</body>", told), encoding="utf-8")
    run = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--window-size={width},900",
         f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    needed, there = re.findall(r"<title>(\d+) of (\d+)</title>", run.stdout)[0]
    assert int(needed) <= int(there)


def test_a_mask_rcnn(tmp_path: Path) -> None:
    from geoseg.models.adapters.maskrcnn_network import MaskRcnnRecord

    record = MaskRcnnRecord(name="r50", gsd_m=(0.2, 0.4), score_threshold=0.7)
    path = write(tmp_path / "m.safetensors", "geoseg_maskrcnn", record.model_dump_json())
    entry = describe_model(path)
    assert (entry.kind, entry.exact, entry.halo_px) == ("masks", False, None)
    assert entry.use == f"maskrcnn:{path}"
    assert entry.thresholds == {"score_threshold": 0.7}
    assert "Mask R-CNN v1 on resnet50" in " ".join(invoke("models", path).stdout.split())


def test_files_that_are_no_models(tmp_path: Path) -> None:
    broken = write(tmp_path / "b.safetensors", "geoseg_maskrcnn", '{"version": "v3"}')
    foreign = write(tmp_path / "f.safetensors", "made_by", "someone")
    for path, message in (
        (tmp_path / "absent.safetensors", "there is no model file"),
        (broken, "not valid"),
        (foreign, "comes from elsewhere"),
    ):
        with pytest.raises(ModelError, match=message):
            describe_model(path)
        assert isinstance(invoke("models", path).exception, ModelError)
