"""Pages in other languages: every text is there, nothing stays English, and programs read the same."""

from __future__ import annotations

import json
import pickle
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely
from languages_keys import keys, parts, worded
from tries import first

import geoseg
from geoseg.accuracy.page import render_page
from geoseg.accuracy.town import Interval, Town
from geoseg.change.page import change_page
from geoseg.change.write import write_comparison
from geoseg.errors import UsageError
from geoseg.languages.language import CODES, ENGLISH, Language, language_of
from geoseg.languages.said import Said
from geoseg.statistics.page import area_page
from geoseg.statistics.render import render
from geoseg.statistics.write import write_report

OTHERS = [code for code in CODES if code != "en"]
NAMES = ["Žďár", "Łódź"]
KNOWN = {
    "geoseg", "json", "pdf", "xlsx", "epsg", "utm", "wgs", "zone", "crs", "utc", "edge", "ece", "brier", "polis",
}  # fmt: skip
"""Words of names: the product's, formats', measures', the column at_edge, and the CRS and time zone of the
test."""


def strange(text: str) -> str:
    """The text in letters that no English word has, its parts as they are."""
    out = []
    for literal, name, spec, conversion in Formatter().parse(text):
        out.append(re.sub("[A-Za-z]", "ж", literal))
        if name is not None:
            out.append(
                f"{{{name}{'!' + conversion if conversion else ''}{':' + spec if spec else ''}}}"
            )
    return "".join(out)


@pytest.fixture(scope="module")
def pseudo() -> Language:
    """A language whose every text is strange; what has no key in German stays English."""
    return Language("de", {key: strange(key) for key in language_of("de").texts})


def town(count: int = 40, left: float = 340_000) -> gpd.GeoDataFrame:
    random = np.random.default_rng(1)
    x, y = left + np.arange(count) % 8 * 30.0, 3_060_000 + np.arange(count) // 8 * 30.0
    side = random.uniform(5, 25, count)
    shapes = shapely.box(x, y, x + side, y + side)
    confidence = random.uniform(0.6, 1, count)
    confidence[0] = np.nan
    return gpd.GeoDataFrame({"confidence": confidence}, geometry=shapes, crs=32645)


def quarters(named: bool = True) -> gpd.GeoDataFrame:
    boxes = shapely.box([339_990, 340_110], 3_059_990, [340_115, 340_300], 3_060_200)
    data = {"name": NAMES} if named else {}
    far = shapely.box(350_000, 3_060_000, 350_100, 3_060_100)
    return gpd.GeoDataFrame(
        {"name": [*NAMES, NAMES[0]]} if named else data, geometry=[*boxes, far], crs=32645
    )


@pytest.fixture(scope="module")
def report() -> geoseg.statistics.build.AreaReport:
    return geoseg.report(town(), zones=quarters(), sizes=(20.5, 100, 1500))


@pytest.fixture(scope="module")
def comparison() -> geoseg.change.build.Comparison:
    return geoseg.compare(town(), town(36, 340_004), zones=quarters(named=False), likely=True)


class Text(HTMLParser):
    """What a reader sees or hears, without scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hidden = tag in ("script", "style")
        self.seen += [value or "" for name, value in attrs if name == "aria-label"]

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002
        self.hidden = False

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.seen.append(data)


def english(texts: list[str]) -> set[str]:
    words = {word for text in texts for word in re.findall("[A-Za-z]{3,}", text)}
    return {word for word in words if word.lower() not in KNOWN}


def shown(html: str) -> list[str]:
    page = Text()
    page.feed(html)
    found = re.search(r'id="map-data">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    told = json.loads(found[1])
    labels = [one["label"] for one in (*told["metrics"], *told["classes"])]
    return [*page.seen, *labels, *told["words"].values(), *told["zones"]["names"]]


@pytest.mark.parametrize("code", OTHERS)
def test_every_language_has_every_text_and_no_other(code: str) -> None:
    assert set(language_of(code).texts) == keys()


@pytest.mark.parametrize("code", OTHERS)
def test_parts_agree(code: str) -> None:
    for text, said in language_of(code).texts.items():
        assert parts(said) == parts(text), text
        specs = [{(n, s, c) for _, n, s, c in Formatter().parse(t) if n} for t in (text, said)]
        assert specs[0] == specs[1], text
        assert worded(said), text


def test_no_english_stays_on_a_report(report: geoseg.statistics.build.AreaReport, pseudo: Language) -> None:  # fmt: skip
    assert english(shown(render(area_page(report), ENGLISH)))
    assert not english(shown(render(area_page(report), pseudo)))


def test_no_english_stays_on_a_comparison(comparison: geoseg.change.build.Comparison, pseudo: Language) -> None:  # fmt: skip
    assert not english(shown(render(change_page(comparison), pseudo)))


def test_no_english_stays_on_an_evaluation(pseudo: Language) -> None:
    result = geoseg.evaluate(town(), town(36, 340_004))
    known, unknown = Interval(0.5, 0.25, 0.75), Interval(None, None, None)
    judged = replace(result, town=Town(known, unknown, Interval(0.5, None, None), known))
    page = Text()
    page.feed(render_page(judged, pseudo))
    assert not english(page.seen)
    seen = " ".join(page.seen)
    assert "0,25" in seen
    # The bias of the total area is a percentage wherever it stands.
    assert {"+50,0%", "+25,0%", "+75,0%"} <= set(re.findall(r"[+]\d+,\d%", seen))
    page = Text()
    page.feed(render_page(judged))
    assert english(page.seen)


@pytest.mark.parametrize("code", first(1, OTHERS))
def test_evaluations_speak(code: str, tmp_path: Path) -> None:
    for language in ("en", code):
        geoseg.evaluate(
            town(), town(36, 340_004), output=tmp_path / f"{language}.csv",
            html=tmp_path / f"{language}.html", language=language,  # type: ignore[arg-type]
        )  # fmt: skip
    assert (tmp_path / "en.csv").read_text() == (tmp_path / f"{code}.csv").read_text()
    html = (tmp_path / f"{code}.html").read_text(encoding="utf-8")
    assert f'<html lang="{code}">' in html
    assert language_of(code).texts["Worst misses"] in html


def test_no_english_stays_in_workbooks(
    report: geoseg.statistics.build.AreaReport,
    comparison: geoseg.change.build.Comparison,
    pseudo: Language,
    tmp_path: Path,
) -> None:
    write_report(report, tmp_path / "r.xlsx", pseudo)
    write_comparison(comparison, tmp_path / "c.xlsx", pseudo)
    for name in ("r.xlsx", "c.xlsx"):
        book = openpyxl.load_workbook(tmp_path / name)
        zones, notes, columns = book.worksheets
        cells = [str(cell) for sheet in (zones, notes) for row in sheet.values for cell in row if isinstance(cell, str)]  # fmt: skip
        cells += [str(row[0]) for row in columns.values]
        assert not english([*cells, *book.sheetnames])
        assert isinstance(zones["B2"].value, int)
        assert zones["C2"].number_format == "#,##0" or zones["B2"].number_format == "#,##0"


@pytest.mark.parametrize("code", OTHERS)
def test_what_programs_read_is_the_same(code: str, tmp_path: Path) -> None:
    names = ("r.csv", "r.json", "r.geojson")
    for language in ("en", code):
        (tmp_path / language).mkdir()
        outputs = [tmp_path / language / name for name in names]
        geoseg.report(town(), outputs, zones=quarters(), language=language)  # type: ignore[arg-type]
    for name in names:
        one, other = ((tmp_path / language / name).read_text() for language in ("en", code))
        if name == "r.json":
            one, other = (re.sub(r'"created": "[^"]*"', "", text) for text in (one, other))
        assert one == other


def test_numbers_as_unicode_has_them() -> None:
    numbers = pytest.importorskip("babel.numbers")
    for code in CODES:
        for value in (0.5, 12.25, 123.0, 12_345.0, -1_234_567.0):
            said = language_of(code).number(value, 2)
            assert said == numbers.format_decimal(value, "#,##0.00", locale=code)
    assert (
        language_of("es").number(1234, 0) == "1234"
    )  # minimumGroupingDigits, which Babel leaves out
    assert language_of("de").number(1234, 0) == "1.234"


def test_a_page_in_german(report: geoseg.statistics.build.AreaReport) -> None:
    html = render(area_page(report), language_of("de"))
    assert '<html lang="de">' in html
    assert "Bitte beachten" in html
    assert "20,5-100 m²" in html
    assert "≥ 1500 m²" in html
    assert re.search(r"<dd>\d\d\.\d\d\.\d{4} \d\d:\d\d UTC</dd>", html)


def test_parts_are_escaped_in_every_language() -> None:
    zones = quarters().assign(name=["<b>x</b>", "{0.__class__}", "{count}"])
    for code in CODES:
        html = render(area_page(geoseg.report(town(), zones=zones)), language_of(code))
        assert "<b>x</b>" not in html
        assert "{0.__class__}" in html


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(UsageError, match="en, de, fr, es, pt; got 'xx'"):
        geoseg.report(town(), language="xx")  # type: ignore[arg-type]


def test_said_is_a_text() -> None:
    said = Said("{count:,} of {what}").format(count=1234.5, what=Said("zones"))
    assert said == "1,234.5 of zones"
    again = pickle.loads(pickle.dumps(said))  # noqa: S301
    assert (again, again.template, again.values) == (said, said.template, said.values)
    german = Language("de", {"{count:,} of {what}": "{what}: {count:,}", "zones": "Zonen"})
    assert german.say(said) == "Zonen: 1.234,5"
    assert german.date("2026-02-03T04:05:06+00:00") == "03.02.2026 04:05 UTC"
    assert german.date("yesterday") == "yesterday"
