"""Charts: the bars are the numbers, and the table behind them holds the same."""

from __future__ import annotations

import numpy as np
import pytest

from geoseg.languages.said import Said
from geoseg.statistics.charts import AFTER, BEFORE, HEIGHT, WIDTH, coverage_chart, paired_chart


def test_two_dates_stand_beside_each_other() -> None:
    chart = paired_chart(Said("Sizes"), ["small", "large"], [10, 0], [5, 20])
    top = HEIGHT / float(str(chart.y_ticks[-1].text))
    heights = [(bar.colour, bar.height) for bar in chart.bars]
    assert heights == [(BEFORE, 10 * top), (BEFORE, 0), (AFTER, 5 * top), (AFTER, 20 * top)]
    one, other = chart.bars[0], chart.bars[2]
    assert one.x + one.width == pytest.approx(other.x, abs=0.1)
    assert chart.table == (("Class", "before", "after"), ("small", "10", "5"), ("large", "0", "20"))
    assert [colour for _, colour in chart.key] == [BEFORE, AFTER]


def test_coverage_by_zone_is_sorted_and_says_what_it_leaves_out() -> None:
    names = [f"zone {number}" for number in range(30)]
    ratio = np.linspace(0.3, 0.01, 30)[::-1].copy()
    ratio[3] = np.nan
    chart = coverage_chart(names, ratio)
    assert chart is not None
    assert [row[0] for row in chart.table[1:4]] == ["zone 29", "zone 28", "zone 27"]
    assert chart.table[1][1] == "30.0 %"
    assert "the 20 most built over of 29" in chart.title
    widths = [bar.width for bar in chart.bars]
    assert widths == sorted(widths, reverse=True)
    assert max(widths) <= WIDTH


def test_one_zone_or_nothing_observed_has_no_chart() -> None:
    assert coverage_chart(["all"], np.array([0.3])) is None
    assert coverage_chart(["a", "b"], np.array([np.nan, np.nan])) is None
    none_built = coverage_chart(["a", "b"], np.zeros(2))
    assert none_built is not None
    assert [bar.width for bar in none_built.bars] == [0, 0]
