"""What stands beside the code says what the code says."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import yaml
from conftest import REPOSITORY

import geoseg

PROJECT: dict[str, Any] = tomllib.loads(
    (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8")
)["project"]
NAME = re.compile(r"^([A-Za-z0-9-]+)\s*(>=[\d.]+)")


def test_the_version_is_one() -> None:
    cited = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    recipe = (REPOSITORY / "packaging/conda/meta.yaml").read_text(encoding="utf-8")
    assert cited["version"] == PROJECT["version"]
    assert f'version = "{PROJECT["version"]}"' in recipe
    assert geoseg.__version__ in {PROJECT["version"], "0"}


def test_the_recipe_asks_for_what_the_wheel_asks_for() -> None:
    recipe = (REPOSITORY / "packaging/conda/meta.yaml").read_text(encoding="utf-8")
    run = recipe.partition("  run:\n")[2].partition("\ntest:")[0]
    asked = {
        " ".join(match.groups())
        for line in run.splitlines()
        if (match := NAME.match(line.strip(" -")))
    }
    wanted = {
        " ".join(match.groups()) for line in PROJECT["dependencies"] if (match := NAME.match(line))
    }
    assert asked - {f"python {PROJECT['requires-python']}"} == wanted


def test_workflows_and_templates_can_be_read() -> None:
    files = sorted((REPOSITORY / ".github").rglob("*.yml"))
    assert len(files) > 2
    for file in files:
        assert isinstance(yaml.safe_load(file.read_text(encoding="utf-8")), dict), file
