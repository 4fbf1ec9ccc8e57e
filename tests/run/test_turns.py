"""When rasters are looked at again, and what waits for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from painted import PaintedModel
from stopped_runs import OPTIONS, Served, content

import geoseg
from geoseg.run.sinks import MOST_WAITING, RunState, Turns


class Inputs:
    """Files here, or on a server."""

    def __init__(self, *, remote: bool) -> None:
        self.remote = remote


def looks(*, remote: bool, rows: int) -> list[int]:
    turns = Turns(Inputs(remote=remote))  # type: ignore[arg-type]
    states = [RunState(row, {"closed": int(row == rows)}, {}) for row in range(1, rows + 1)]
    return [state.strips_done for state in states if turns.due(state)]


def test_files_here_are_looked_at_after_every_row() -> None:
    assert looks(remote=False, rows=5) == [1, 2, 3, 4, 5]


def test_servers_are_asked_ever_less_often_and_at_the_end() -> None:
    asked = looks(remote=True, rows=60)
    assert asked == [1, 3, 7, 15, 31, 47, 60]
    assert max(np.diff(asked)) <= MOST_WAITING


def test_what_waits_is_kept_as_it_was() -> None:
    counts, extent = {"a": 1}, np.zeros(3)
    held = RunState(1, counts, {"extent": extent}).copied()
    counts["a"], extent[0] = 2, 9
    assert held.counts == {"a": 1}
    assert not held.arrays["extent"].any()


@pytest.mark.thorough
def test_what_waits_is_kept_when_a_run_is_interrupted(
    town: Served, quick: None, tmp_path: Path
) -> None:
    del quick
    rows_done: list[int] = []

    def stop_after_six(report: Any) -> None:
        rows_done.append(report.done)
        if len(rows_done) == 6:
            raise KeyboardInterrupt

    out = tmp_path / "b.gpkg"
    with pytest.raises(KeyboardInterrupt):
        geoseg.predict(
            town.address(), out, model=PaintedModel(), progress=stop_after_six, **OPTIONS
        )
    parts = list(out.with_name("b.gpkg.parts").glob("strip-*.arrow"))
    assert len(parts) >= 4  # looked at after rows 1 and 3 alone
    whole = tmp_path / "whole.gpkg"
    geoseg.predict(town.path, whole, model=PaintedModel(), **OPTIONS)
    geoseg.predict(town.address(), out, model=PaintedModel(), resume=True, **OPTIONS)
    assert content(out).equals(content(whole))
    assert (
        gpd.read_file(out, layer="extent").geom_equals(gpd.read_file(whole, layer="extent")).all()
    )
