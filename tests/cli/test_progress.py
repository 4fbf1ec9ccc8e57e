"""Where work stands: a bar, lines now and then, or JSON for other programs."""

from __future__ import annotations

import json
import sys
from types import ModuleType, SimpleNamespace

import pytest
from commands import exit_code

from geoseg import progress
from geoseg.cli.progress import Lines, json_line, watching
from geoseg.progress import PIXELS, ProgressReport, heard, ignored, plain_line


def report(done: float = 25e6, **changes: object) -> ProgressReport:
    values = {"stage": "finding", "done": done, "total": 100e6, "unit": PIXELS, **changes}
    return ProgressReport(**values)  # type: ignore[arg-type]


def test_time_left_counts_what_this_call_did() -> None:
    assert report(25e6).seconds_left(10) == 30
    assert report(50e6, done_before=25e6).seconds_left(10) == 20
    assert report(50e6, done_before=50e6).seconds_left(10) is None
    assert report(total=0).seconds_left(10) is None
    assert report(120e6).seconds_left(10) == 0


def test_json_has_every_key_in_every_line() -> None:
    told = json.loads(json_line(report(buildings=7), 10.0))
    assert told == {
        "stage": "finding", "done": 25e6, "total": 100e6, "unit": "pixels", "buildings": 7,
        "seconds": 10.0, "seconds_left": 30.0, "note": None,
    }  # fmt: skip
    assert json.loads(json_line(report(0, total=0), 0.0)).keys() == told.keys()


def test_lines_are_words() -> None:
    assert plain_line(report(buildings=1234), 5) == (
        "finding: 25%, 5.00 MP/s, 1,234 buildings, 15 s left"
    )
    assert plain_line(report(1, total=0, unit="sets"), 5) == "finding"
    assert plain_line(report(1, total=4, unit="scenes"), 3000) == "finding: 25%, 2 h 30 min left"
    assert plain_line(report(note="F1 0.5"), 5) == "F1 0.5"


def test_lines_come_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    lines = Lines(lambda one, _: f"{one.done:g}", first_s=10, every_s=30, clock=lambda: now)
    for second in range(100):
        now = float(second)
        lines(report(second))
    assert capsys.readouterr().err.split() == ["10", "40", "70"]
    lines(report(3, note="scores"))
    assert capsys.readouterr().err.split() == ["3"]


def test_whole_stages_have_their_first_and_last_report(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines(
        lambda one, _: f"{one.stage}{one.done:g}",
        first_s=0, every_s=30, whole_stages=True, clock=lambda: 0.0,
    )  # fmt: skip
    for stage in "ab":
        for done in (1, 2, 3):
            lines(report(done, stage=stage, total=3))
    assert capsys.readouterr().err.split() == ["a1", "a3", "b1", "b3"]


def test_who_watches() -> None:
    with watching("auto", quiet=True) as told:
        assert told is None
    with watching("none", quiet=False) as told:
        assert told is None
    with watching("json", quiet=True) as told:
        assert isinstance(told, Lines)
    with watching("auto", quiet=False) as told:  # stderr is no terminal here
        assert isinstance(told, Lines)
    with watching("bar", quiet=False) as told:
        assert told is not None
        told(report(buildings=3, note="a line"))


class Shown:
    """IPython's display, with one handle: what stands there in the end, and all that stood there."""

    def __init__(self) -> None:
        self.cells: list[list[str]] = []

    def display(self, data: dict[str, str], *, raw: bool, display_id: bool = False) -> object:
        assert raw
        cell = [data["text/plain"]]
        self.cells.append(cell)
        update = lambda new, raw: cell.append(new["text/plain"])  # noqa: ARG005, E731
        return SimpleNamespace(update=update) if display_id else None


def test_a_notebook_shows_one_line_and_takes_it_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with heard(None) as told:
        assert told is ignored
    with heard(ignored) as told:
        assert told is ignored
    shown, ipython, display = Shown(), ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = lambda: SimpleNamespace(kernel=1)  # type: ignore[attr-defined]
    display.display = shown.display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    with heard(None) as told:
        told(report(buildings=3))
        told(report(note="F1 0.5"))
        told(report(50e6))
    assert [len(cell) for cell in shown.cells] == [4, 1]
    assert "3 buildings" in shown.cells[0][1]
    assert "50%" in shown.cells[0][2]
    assert shown.cells[0][-1] == ""
    assert shown.cells[1] == ["F1 0.5"]
    with pytest.raises(ValueError, match="stop"), heard(None):
        raise ValueError("stop")
    assert shown.cells[-1][-1] == ""
    ipython.get_ipython = lambda: None  # type: ignore[attr-defined]
    with heard(None) as told:
        assert told is ignored


def test_an_unknown_kind_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("predict", "a.tif", "b.gpkg", "--progress", "loud") == 2
    assert "json" in capsys.readouterr().err


@pytest.mark.parametrize(("buildings", "said"), [(1, "50%, 1 building"), (9, "50%, 9 buildings")])
def test_one_is_said_as_one(buildings: int, said: str) -> None:
    report = ProgressReport("predict", 5, 10, "scenes", buildings=buildings)
    assert said in plain_line(report, 0)
