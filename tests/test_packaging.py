"""What stands beside the code says what the code says."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from email import message_from_bytes
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import yaml
from conftest import REPOSITORY
from hypothesis import settings
from packaging.utils import parse_wheel_filename
from packaging_scripts import script
from tries import tries

import geoseg

SETTINGS: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
PROJECT, BUILD_SYSTEM = SETTINGS["project"], SETTINGS["build-system"]
RECIPE: dict[str, Any] = yaml.safe_load(
    (REPOSITORY / "packaging/conda/recipe.yaml").read_text("utf-8")
)
NAME = re.compile(r"^([A-Za-z0-9-]+)\s*(>=[\d.]+)")


def test_the_version_is_one(addresses: Any) -> None:
    cited = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    changes = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    assert PROJECT["dynamic"] == ["version", "readme"]
    assert "version" not in PROJECT
    assert cited["version"] == addresses.version() == geoseg.__version__
    assert RECIPE["context"]["version"] == geoseg.__version__
    first = re.search(r"^## (\S+) \((\d{4}-\d\d-\d\d)\)$", changes, re.MULTILINE)
    assert first is not None
    assert first[1] == geoseg.__version__
    assert str(cited["date-released"]) == first[2]


def test_addresses_stand_in_one_place(addresses: Any) -> None:
    """None is public yet; once there are, CITATION says the same and nothing else names one."""
    urls = PROJECT["urls"]
    cited = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert addresses.urls() == urls
    assert set(urls) <= {"Homepage", "Repository", "Documentation", "Issues", "Changelog"}
    assert cited.get("repository-code") == urls.get("Repository")
    assert cited.get("url") == urls.get("Homepage")
    pages = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    assert not re.search(r"^(site|repo)_url", pages, re.MULTILINE)
    plugin = (REPOSITORY / "qgis/geoseg/metadata.txt").read_text(encoding="utf-8")
    assert "http" not in plugin


@pytest.mark.parametrize("repository", [None, "https://example.org/geoseg"])
def test_links_of_the_readme_lead_somewhere_on_a_package_index(
    addresses: Any, repository: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = {} if repository is None else {"Repository": repository}
    monkeypatch.setattr(addresses, "urls", lambda: urls)
    text = addresses.readme()
    for picture, words, target, _ in addresses.LINK.findall(text):
        pytest.fail(f"{picture}[{words}]({target})")
    if repository is None:
        assert "A first half hour (`docs/tutorial.md` in the sources)" in text
        assert "![" not in text
    else:
        base = f"{repository}/{{}}/v{geoseg.__version__}/"
        assert f"[A first half hour]({base.format('blob')}docs/tutorial.md)" in text
        assert f"({base.format('raw')}docs/pictures/banepa.jpg)" in text
        assert f"({base.format('blob')}docs/exactness.md#memory)" in text


def test_the_recipe_asks_for_what_the_wheel_asks_for() -> None:
    least = f">={RECIPE['context']['python_min']}"
    assert least == PROJECT["requires-python"]
    wanted = {
        " ".join(match.groups()) for line in PROJECT["dependencies"] if (match := NAME.match(line))
    }
    assert set(RECIPE["requirements"]["run"]) == {"python >=${{ python_min }}", *wanted}
    (built,) = BUILD_SYSTEM["requires"]
    assert built.replace(">=", " >=") in RECIPE["requirements"]["host"]
    scripts = [f"{name} = {entry}" for name, entry in PROJECT["scripts"].items()]
    assert RECIPE["build"]["python"]["entry_points"] == scripts


def test_the_recipe_is_one_that_conda_forge_takes() -> None:
    """What its linter asks of every recipe; the schema is held by `make recipes`."""
    order = ["schema_version", "context", "package", "source", "build", "requirements", "tests"]
    assert list(RECIPE) == [*order, "about", "extra"]
    assert RECIPE["build"]["noarch"] == "python"
    assert "python ${{ python_min }}.*" in RECIPE["requirements"]["host"]
    assert RECIPE["tests"][0]["python"]["python_version"] == "${{ python_min }}.*"
    assert RECIPE["tests"][0]["python"]["pip_check"] is True
    assert RECIPE["about"]["license"] == PROJECT["license"]
    assert (REPOSITORY / RECIPE["about"]["license_file"]).is_file()
    assert RECIPE["about"].get("homepage") == PROJECT["urls"].get("Homepage")


def test_the_dockerfile_keeps_to_the_rules_of_hadolint() -> None:
    """Those that bear on this one (DL3000, 3004, 3006, 3007, 3020, 3025, 3042, 3059); `make recipes` asks hadolint itself."""
    text = (REPOSITORY / "packaging/Dockerfile").read_text(encoding="utf-8")
    lines = [one for one in text.replace("\\\n", " ").splitlines() if one and one[0] != "#"]
    told = [line.split(maxsplit=1) for line in lines]
    assert {word for word, _ in told} <= {
        "FROM",
        "COPY",
        "RUN",
        "ENV",
        "WORKDIR",
        "ENTRYPOINT",
        "CMD",
    }
    said = dict(told)
    assert re.fullmatch(r"python:3\.\d+-slim", said["FROM"])
    assert said["WORKDIR"].startswith("/")
    assert [word for word, _ in told].count("RUN") == 1
    assert "sudo" not in text
    assert all(
        "--no-cache-dir" in part for part in said["RUN"].split("&&") if "pip install" in part
    )
    assert json.loads(said["ENTRYPOINT"]) == ["geoseg"]
    assert json.loads(said["CMD"]) == ["--help"]


def test_workflows_and_templates_can_be_read() -> None:
    files = sorted((REPOSITORY / ".github").rglob("*.yml"))
    assert len(files) > 2
    for file in files:
        assert isinstance(yaml.safe_load(file.read_text(encoding="utf-8")), dict), file


def test_the_gate_runs_what_the_default_leaves_out() -> None:
    gate, makefile = REPOSITORY / ".ci" / "run", (REPOSITORY / "Makefile").read_text("utf-8")
    if not gate.exists():
        pytest.skip("a source distribution has no gate")
    assert "make test-all" in gate.read_text("utf-8")
    assert re.search(r'^test-all:.*\n.* -m "not slow"$', makefile, re.MULTILINE)
    assert "-m 'not slow and not thorough'" in SETTINGS["tool"]["pytest"]["ini_options"]["addopts"]


def test_it_tries_all_random_examples(pytestconfig: pytest.Config) -> None:
    whole = "not thorough" not in pytestconfig.option.markexpr
    assert [tries(n).max_examples for n in (2, 9, 120)] == ([2, 9, 120] if whole else [2, 3, 30])
    assert settings.default.max_examples == (100 if whole else 25)
    assert settings.default.deadline is None


@pytest.fixture(scope="module")
def licences() -> Any:
    return script("licences")


@pytest.fixture(scope="module")
def addresses() -> Any:
    return script("addresses")


@pytest.fixture(scope="module")
def machine_code() -> Any:
    return script("machine_code")


def test_a_wheel_for_one_platform_says_so_and_lists_its_files(
    machine_code: Any, tmp_path: Path
) -> None:
    package = tmp_path / "package"
    files = {
        "geoseg/__init__.py": "",
        "geoseg/kernels/shipped/a, b.py311": "code",
        "geoseg-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n\n",
        "geoseg-1.0.dist-info/METADATA": "Name: geoseg\n",
        "geoseg-1.0.dist-info/RECORD": "geoseg/gone.py,,\n",
    }

    def packed() -> Path:
        for name, text in files.items():
            (package / name).parent.mkdir(parents=True, exist_ok=True)
            (package / name).write_text(text, encoding="utf-8", newline="\n")
        tags = ["cp311-cp311-manylinux_2_27_x86_64", "cp311-cp311-manylinux_2_28_x86_64"]
        made = machine_code.packed_for(package, tmp_path / "geoseg-1.0-py3-none-any.whl", tags)
        assert isinstance(made, Path)
        return made

    wheel = packed()
    assert wheel.name == "geoseg-1.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl"
    _, _, _, tags = parse_wheel_filename(wheel.name)
    with ZipFile(wheel) as archive:
        assert set(archive.namelist()) == set(files)
        told = message_from_bytes(archive.read("geoseg-1.0.dist-info/WHEEL"))
        assert set(told.get_all("Tag") or []) == {str(tag) for tag in tags}
        assert (told["Root-Is-Purelib"], told["Wheel-Version"]) == ("false", "1.0")
        rows = csv.reader(archive.read("geoseg-1.0.dist-info/RECORD").decode().splitlines())
        recorded = {name: (digest, size) for name, digest, size in rows}
        assert recorded.pop("geoseg-1.0.dist-info/RECORD") == ("", "")
        assert set(recorded) == set(files) - {"geoseg-1.0.dist-info/RECORD"}
        for name, (digest, size) in recorded.items():
            content = archive.read(name)
            hashed = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            assert (digest, int(size)) == (f"sha256={hashed}", len(content))
    first = wheel.read_bytes()
    assert packed().read_bytes() == first


def test_tags_that_no_name_stands_for_are_refused(machine_code: Any) -> None:
    with pytest.raises(ValueError, match="no single name"):
        machine_code.compressed(["cp311-cp311-win_amd64", "cp312-cp312-win_amd64"])


def test_the_plain_processor_is_made_of_what_llvm_knows(machine_code: Any) -> None:
    from llvmlite.binding import get_host_cpu_features

    assert platform.machine().lower() in machine_code.PLAIN
    if platform.machine().lower() in {"x86_64", "amd64"}:
        assert set(machine_code.V3) <= set(get_host_cpu_features())
    assert all(tag.count("-") == 2 for tag in machine_code.numbas_tags())


@pytest.mark.slow
def test_a_package_with_machine_code_compiles_nothing(tmp_path: Path) -> None:
    """From the sources to a wheel, from that to a run: as a user's first one, but for other packages."""
    source, run = tmp_path / "source", partial(subprocess.run, check=True, cwd=tmp_path)
    listed = run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True).stdout
    for name in listed.splitlines():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, source / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "--no-build-isolation"]
    run([*pip, "--wheel-dir", str(tmp_path), str(source)])
    (pure,) = tmp_path.glob("*.whl")
    run([sys.executable, str(source / "packaging/machine_code.py"), str(pure)])
    (made,) = set(tmp_path.glob("*.whl")) - {pure}
    with ZipFile(made) as archive:
        archive.extractall(tmp_path / "user")
    kept = tmp_path / "kept"
    kept.mkdir()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")
    } | {"PYTHONPATH": str(tmp_path / "user"), "NUMBA_CACHE_DIR": str(kept)}
    photo = str(REPOSITORY / "examples/banepa.tif")
    command = [sys.executable, "-m", "geoseg", "predict", photo, "a.gpkg"]
    told = run(command, env=environment, capture_output=True, text=True)
    assert "first run compiles" not in told.stderr
    assert not list(kept.rglob("*.nb*"))


@pytest.mark.thorough
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
