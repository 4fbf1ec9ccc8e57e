"""What stands beside the code says what the code says."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from itertools import chain
from typing import Any

import pytest
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


@pytest.fixture(scope="module")
def licences() -> Any:
    place = REPOSITORY / "packaging/licences.py"
    spec = importlib.util.spec_from_file_location("licences", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_nothing_that_is_installed_binds_its_users_work(licences: Any) -> None:
    """Neither GPL nor AGPL, and every package says what it is."""
    for extra in ("", *licences.EXTRAS):
        for name in licences.closure(extra):
            stated = licences.licence(name)
            assert stated not in {"not stated", "UNKNOWN"}, name
            assert not re.search(r"(?<!L)GPL|General Public", stated), (name, stated)
    assert "ultralytics" not in set().union(*map(licences.closure, licences.EXTRAS))


def test_the_list_of_licences_is_what_is_installed(licences: Any) -> None:
    page = (REPOSITORY / "docs/licences.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| ([a-z0-9-]+) \|", page, re.MULTILINE)) - {"package"}
    needed = set().union(*map(licences.closure, ("", *licences.EXTRAS)))
    assert needed <= named, "python packaging/licences.py > docs/licences.md"
    extras = PROJECT["optional-dependencies"]
    declared = [*PROJECT["dependencies"], *chain(*(extras[extra] for extra in licences.EXTRAS))]
    direct = {re.split(r"[^A-Za-z0-9_.-]", need)[0].lower().replace("_", "-") for need in declared}
    assert direct - {"geoseg"} <= named
