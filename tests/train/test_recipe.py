"""Training without a configuration of one's own, and the one that geoseg writes."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

import geoseg
from geoseg.cli import app
from geoseg.errors import MissingDependencyError, OutputExistsError, UsageError
from geoseg.train.config import TrainConfig, read_config
from geoseg.train.recipe import RECIPE, configured, write_recipe

NOTHING: dict[str, Any] = {"scenes": None, "output": None, "start": None, "minutes": None}


def test_the_recipe_is_valid_and_starts_from_the_built_in_model() -> None:
    config = read_config(RECIPE)
    assert config.start == "default"
    assert config.schedule.max_minutes == 20
    for line in RECIPE.read_text().splitlines():
        key, _, value = line.partition(":")
        if value.strip() and not key.startswith("#") and key.strip() != "warmup_steps":
            assert "#" in value, f"{key.strip()} has no comment"


def test_without_a_configuration_scenes_and_output_are_needed(tmp_path: Path) -> None:
    for given in ({"scenes": tmp_path}, {"output": tmp_path}, {}):
        with pytest.raises(UsageError, match="--scenes SCENES -o OUT"):
            configured(None, **NOTHING | given)
    config = configured(None, **NOTHING | {"scenes": "chips", "output": "out"})
    assert (config.data.scenes, config.output) == (Path("chips"), Path("out"))
    assert config.start == "default"


def test_a_configuration_of_another_kind_is_told() -> None:
    for wrong in (5, b"a.yaml", {"output": "out"}):
        with pytest.raises(UsageError, match=r"^config takes the path of a YAML file"):
            geoseg.train_model(wrong)  # type: ignore[arg-type]


def test_what_is_asked_for_beside_a_configuration_overrules_it(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("output: a\ndata: {scenes: b, crop_px: 64}\nschedule: {max_steps: 3}\n")
    asked = {"scenes": "c", "output": "d", "start": "e.safetensors", "minutes": 90.0}
    config = configured(path, **asked)
    assert (config.data.scenes, config.data.crop_px) == (Path("c"), 64)
    assert (config.output, config.start) == (Path("d"), Path("e.safetensors"))
    assert config.schedule.max_minutes == 90
    assert config.schedule.max_steps > 1e6  # minutes are in place of the steps as well
    assert configured(path, **NOTHING) == read_config(path)
    assert isinstance(configured(config, **NOTHING | {"start": "imagenet"}), TrainConfig)
    for minutes in (0.0, -1.0, math.nan):
        with pytest.raises(UsageError, match=r"--minutes must be above 0, such as 20; got"):
            configured(path, **NOTHING | {"minutes": minutes})


def test_the_written_configuration_holds_what_was_asked_for_and_its_comments(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mine.yaml"
    asked = {"scenes": "my chips: #1", "output": Path("out"), "start": "a.safetensors"}
    write_recipe(path, **asked, minutes=7)
    assert read_config(path) == configured(None, **asked, minutes=7)
    assert path.read_text().count("#") >= RECIPE.read_text().count("#")
    with pytest.raises(OutputExistsError):
        write_recipe(path)
    write_recipe(path, overwrite=True)
    assert yaml.safe_load(path.read_text()) == yaml.safe_load(RECIPE.read_text())
    with pytest.raises(UsageError, match="yaml"):
        write_recipe(tmp_path / "mine.txt")


def test_init_on_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    done = CliRunner().invoke(app, ["train", "--init", str(path), "--minutes", "5", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"output": str(path)}
    assert read_config(path).schedule.max_minutes == 5
    refused = CliRunner().invoke(app, ["train", str(path), "--init", str(path)])
    assert refused.exit_code != 0
    bare = CliRunner().invoke(app, ["train"])
    assert bare.exit_code != 0
    assert isinstance(bare.exception, (SystemExit, UsageError))


@pytest.mark.parametrize("verb", ["training", "tuning"])
def test_without_the_extra_one_sentence_names_it(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    calls = {
        "training": lambda: geoseg.train_model(scenes=tmp_path, output=tmp_path / "out"),
        "tuning": lambda: geoseg.tune_model("default", tmp_path / "a.safetensors", scenes=tmp_path),
    }
    with pytest.raises(MissingDependencyError, match=rf"{verb} .*cv2.*geoseg\[train\]"):
        calls[verb]()
