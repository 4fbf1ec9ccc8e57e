"""The pages as a site: strict, complete, nothing from the network; and the tutorial does what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import geopandas as gpd
import pytest
import rasterio
from commands import help_of, invoke
from conftest import REPOSITORY
from rasterio.windows import Window

import geoseg
from geoseg import errors

LOADED = re.compile(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=\"?(https?:)?//[^\s\">]+")
COMMANDS = re.compile(r"^geoseg .*$", re.MULTILINE)
PAGES = sorted((REPOSITORY / "docs").rglob("*.md"))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Warnings, such as of a link that leads nowhere, are errors."""
    pytest.importorskip("material")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.thorough
def test_every_page_is_there_and_loads_nothing(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > len(PAGES)
    for page in pages:
        found = LOADED.search(page.read_text(encoding="utf-8"))
        assert found is None, (page, found)
    assert (site / "search" / "search_index.json").exists()


def test_every_page_is_in_the_menu() -> None:
    menu = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    named = {line.rpartition(" ")[2] for line in menu.splitlines()}
    assert {page.relative_to(REPOSITORY / "docs").as_posix() for page in PAGES} <= named


@pytest.mark.thorough
def test_links_out_of_the_folder_of_pages_lead_to_pages(site: Path) -> None:
    assert 'href="model-card.html"' in (site / "limits.html").read_text(encoding="utf-8")
    assert "../geoseg/" not in (site / "model-card.html").read_text(encoding="utf-8")
    for page in site.rglob("*.html"):
        assert not re.search(r'href="[^":]*\.md[#"]', page.read_text(encoding="utf-8")), page


@pytest.mark.thorough
def test_the_api_and_every_error_are_told(site: Path) -> None:
    api = (site / "api.html").read_text(encoding="utf-8")
    assert all(f'id="{name.lower()}"' in api for name in geoseg.__all__ if name != "__version__")
    told = (site / "errors.html").read_text(encoding="utf-8")
    kinds = [one for one in vars(errors).values() if isinstance(one, type)]
    assert all(one.__name__ in told for one in kinds if issubclass(one, errors.GeosegError))


@pytest.mark.thorough
def test_links_within_the_site_lead_somewhere(site: Path) -> None:
    texts = {page.resolve(): page.read_text(encoding="utf-8") for page in site.rglob("*.html")}
    named = {
        page: set(re.findall(r'\b(?:id|name)="?([^"\s>]+)', text)) for page, text in texts.items()
    }
    lost = [
        (page.name, link)
        for page, text in texts.items()
        if page.name != "404.html"  # whose links start at the site's address
        for link in re.findall(r'(?:href|src)="?([^"\s>]+)', text)
        if not re.match(r"\w+:|//", link) and not leads_somewhere(page, link, named)
    ]
    assert not lost


def leads_somewhere(page: Path, link: str, named: dict[Path, set[str]]) -> bool:
    file, _, heading = map(unquote, link.partition("#"))
    target = (page.parent / file).resolve() if file else page
    target = target / "index.html" if target.is_dir() else target
    return target.exists() and (not heading or heading in named.get(target, {heading}))


@pytest.mark.thorough
def test_the_tutorial_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands in order, on a piece of its photo."""
    text = (REPOSITORY / "docs" / "tutorial.md").read_text(encoding="utf-8")
    (tmp_path / "examples").mkdir()
    with rasterio.open(REPOSITORY / "examples" / "banepa.tif") as photo:
        piece = Window(100, 600, 224, 224)
        place = photo.window_transform(piece)
        profile = photo.profile | {"width": 224, "height": 224, "transform": place}
        with rasterio.open(tmp_path / "examples" / "banepa.tif", "w", **profile) as small:
            small.write(photo.read(window=piece))
    monkeypatch.chdir(tmp_path)
    for folder in re.findall(r"^mkdir (\w+)$", text, re.MULTILINE):
        Path(folder).mkdir()
    commands = COMMANDS.findall(text)
    assert len(commands) > 6
    for command in commands:
        arguments = shlex.split(command)[1:]
        result = invoke(*arguments, *(["--no-trial"] if arguments == ["doctor"] else []))
        assert result.exit_code == 0, (command, result.output)
    assert len(gpd.read_file("out/buildings.gpkg", layer="buildings")) > 30
    assert {path.suffix for path in Path("out").iterdir()} == {".gpkg", ".csv", ".html", ".geojson"}


def commands_of(page: Path) -> list[str]:
    """Commands in a page's blocks of code, continued lines joined."""
    blocks = re.findall(
        r"^```\w*\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    return [line for block in blocks for line in COMMANDS.findall(block.replace("\\\n", " "))]


@pytest.mark.parametrize("page", [*PAGES, REPOSITORY / "README.md"], ids=lambda page: page.stem)
def test_commands_in_pages_have_options_that_are_there(page: Path) -> None:
    if page.name in {"cli.md", "CHANGELOG.md"}:
        pytest.skip("made from the code")
    for command in commands_of(page):
        words = shlex.split(command, comments=True)[1:]
        if words[0].startswith("-") or words[0].isupper():
            continue
        known = help_of(words[0])
        for word in words[1:]:
            if re.match(r"--?[a-z]", word):
                assert word.partition("=")[0] in known, (page.name, command, word)
