"""What verbs print at the end: words of people, and one as one."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from commands import invoke
from languages_keys import ROOT

from geoseg.city.outcome import Converted
from geoseg.cli.tables import _show_table, show_rows
from geoseg.coco.read import Imported
from geoseg.coco.write import Exported
from geoseg.heights.outcome import Heights
from geoseg.languages.counting import counted, listed
from geoseg.languages.language import CODES, language_of
from geoseg.languages.said import Said
from geoseg.pages.notebook import table_html
from geoseg.redraw.outcome import Recomputed, Regularized
from geoseg.reviewing.outcome import DrawnStratum
from geoseg.run.storing import StoredPart
from geoseg.run.summary import REASONS, TileCounts, left_out
from geoseg.vectors.rows import FLAT, SENTENCES

RESULTS = (
    Converted, Exported, Heights, Imported, Recomputed, Regularized, StoredPart, TileCounts,
    DrawnStratum,
)  # fmt: skip
ONE_AS_MANY = re.compile(r"\b1 (?!as\b|this\b)\w+s\b")
WORDS = re.compile(r"[a-z]_[a-z]")


def test_files_are_told_by_absolute_paths(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    show_rows([("buildings", "3"), ("output", "b.gpkg"), ("page", ""), ("place", "b.gpkg")])
    told = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert told == {"buildings": "3", "output": str(tmp_path / "b.gpkg"), "place": "b.gpkg"}


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_a_long_name_takes_no_room_from_figures(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    name = "Ortsteil mit einem langen Namen, der nicht aufhört (1. Bauabschnitt) " * 3
    table = gpd.GeoDataFrame(
        {
            "zone": [name, "Donaudampfschifffahrtsgesellschaftssiedlung" * 3, "total"],
            "buildings": [1234, 5678, 6912],
            "area_m2": [98765.0, 43210.0, 141975.0],
            "geometry": [None] * 3,
        }
    )
    _show_table(table, {"buildings": "buildings", "area_m2": "roof m²"})
    shown = capsys.readouterr().out
    for text in ("1,234", "98,765", "5,678", "43,210", "6,912", "141,975"):
        assert text in shown
    assert "".join(name.split()) in "".join(re.sub(r"[\d,]{5,}", "", shown).split())


def made(kind: type, number: int) -> Any:
    """A result all of whose counts are the number."""
    values = {
        field.name: number if field.type in {"int", "float"} else ()
        for field in fields(kind)
        if field.type in {"int", "float"} or field.name == "notes"
    }
    texts = {field.name: "a.gpkg" for field in fields(kind) if field.type == "str"}
    paths = {f.name: Path("a.gpkg") for f in fields(kind) if f.type in {"Path", "Path | None"}}
    return kind(**values, **texts, **paths)


def words(result: Any) -> list[tuple[str, str]]:
    return result.in_words() if hasattr(result, "in_words") else [("", result.told)]


@pytest.mark.parametrize("kind", RESULTS)
def test_results_speak_in_words_and_say_one_as_one(kind: type) -> None:
    for number in (1, 2, 1234):
        for name, text in words(made(kind, number)):
            assert not ONE_AS_MANY.search(text), text
            assert not WORDS.search(name + " " + text.replace("a.gpkg", "")), (name, text)


@pytest.mark.parametrize("kind", [Converted, Exported, Heights, Recomputed, Regularized])
def test_what_there_is_none_of_is_not_shown(kind: type) -> None:
    shown = [(name, text) for name, text in words(made(kind, 0)) if text]
    assert shown[0][1] == "0"
    assert {name for name, _ in shown[1:]} <= {"output"}
    assert len(re.findall("<tr>", table_html(words(made(kind, 0))))) == len(shown)


def test_numbers_and_what_they_count() -> None:
    assert counted(1, "building") == "1 building"
    assert counted(1234, "building") == "1,234 buildings"
    assert counted(0, "box", "boxes") == "0 boxes"
    assert listed((3, "kept"), (0, "new"), (1, "box", "boxes"), (2, "box", "boxes")) == (
        "3 kept, 1 box, 2 boxes"
    )
    assert listed((0, "kept")) == ""


def test_reasons_of_a_run_are_told_by_its_limits() -> None:
    dropped = {"too_small": 3, "unsure": 2, "remnant": 5, "unlikely": 1, "flat": 1}
    told = left_out(dropped, {"min_area_m2": 6.0, "min_confidence": 0.15})
    assert told == "3 smaller than 6 m², 7 too faint, 1 below confidence 0.15, 1 that do not rise"
    assert left_out({}, {}) == ""
    assert "_" not in left_out({**dict.fromkeys(REASONS, 1), "new_reason": 1}, {})


@pytest.mark.parametrize("code", CODES)
def test_a_note_says_one_as_one_in_every_language(code: str) -> None:
    one, two = (SENTENCES[FLAT].format(count=count, layer="b") for count in (1, 2))
    assert one == "1 row of b has no area and was left out."
    assert two == "2 rows of b have no area and were left out."
    said = language_of(code).say(one)
    assert said == (one if code == "en" else said)
    assert str(said).replace("1", "2") == language_of(code).say(two) or code == "en"


def test_every_text_with_a_count_has_one_for_one() -> None:
    lacking = [
        node.args[0].value
        for path in ROOT.rglob("*.py")
        if "Said(" in (text := path.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Said"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and "{count" in str(node.args[0].value)
        and not any(keyword.arg == "one" for keyword in node.keywords)
    ]
    assert lacking == ["{names} and {count} more"]


def test_no_module_makes_plurals_of_its_own() -> None:
    own = re.compile(r"['\"]s['\"] (\*|if)|1 else ['\"]s['\"]")
    found = [str(path) for path in ROOT.rglob("*.py") if own.search(path.read_text("utf-8"))]
    assert found == []


def test_a_text_that_is_said_remembers_its_one() -> None:
    import pickle

    said = Said("{count} rows", one="{count} row").format(count=1)
    again = pickle.loads(pickle.dumps(said))  # noqa: S301  # our own
    assert (str(again), language_of("en").say(again)) == ("1 row", "1 row")


def test_lines_are_whole_whatever_the_terminals_width(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import geopandas as gpd
    import shapely

    monkeypatch.setenv("COLUMNS", "40")
    folder = tmp_path / ("long" * 20)
    folder.mkdir()
    boxes = gpd.GeoDataFrame(geometry=[shapely.box(5e5, 4.5e6, 5e5 + 9, 4.5e6 + 9)], crs=32618)
    boxes.to_file(folder / "a.gpkg")
    done = invoke("recompute", folder / "a.gpkg", folder / "b.gpkg")
    assert done.stdout.splitlines()[0].split() == ["buildings", "1"]
    assert f"output     {folder / 'b.gpkg'}" in done.stdout.splitlines()
