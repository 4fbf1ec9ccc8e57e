"""Styles of the layers under review: colours by verdict, and the form that QGIS opens."""

from __future__ import annotations

from collections.abc import Sequence

from geoseg.export.schema import COLUMNS
from geoseg.export.styles.fields import Fields, Filled, key_column
from geoseg.export.styles.style import Style, style
from geoseg.export.styles.symbols import Fill, alike, by_value
from geoseg.reviewing.columns import (
    BUILDINGS,
    CHECKED,
    PLOT_COLUMNS,
    PLOTS,
    QUEUE,
    QUEUE_COLUMNS,
    REVIEW,
    REVIEW_COLUMNS,
    REVIEWED_AT,
    REVIEWER,
    VERDICTS,
)

OPEN, DONE, GREY = "#ffca28", "#2e7d32", "#787878"
COLOURS = {"": OPEN, "right": DONE, "wrong": "#c62828", "redrawn": "#1565c0", "added": "#6a1b9a"}
"""By verdict."""
NOT_YET = "not looked at"
CHOICES = {NOT_YET: "", **{verdict: verdict for verdict in VERDICTS}}
"""Label to what stands in the column."""
WHO_AND_WHEN = (Filled(REVIEWER, "@user_full_name"), Filled(REVIEWED_AT, "now()"))
DRAWN = Filled(REVIEW, "'added'", always=False)
"""What a person draws was missed."""


def review_styles(layer: str, names: Sequence[str]) -> tuple[Style, ...]:
    """How QGIS shows a layer under review, and its form.

    Args:
        layer: Name of the layer.
        names: Its columns, in order, without the geometry.
    """
    title, key = f"geoseg {layer}", key_column(names)
    if layer == PLOTS:
        shown = by_value(
            f'to_int("{CHECKED}")',
            {"0": _outline(OPEN), "1": _outline(DONE)},
            {"0": "not checked", "1": "checked"},
        )
        return (style(title, shown, fields=Fields(tuple(names), PLOT_COLUMNS, key,
                                                  filled=WHO_AND_WHEN)),)  # fmt: skip
    if layer in {BUILDINGS, QUEUE}:
        fills = {verdict: _outline(colour) for verdict, colour in COLOURS.items()}
        shown = by_value(f"coalesce(\"{REVIEW}\", '')", fills, {"": NOT_YET})
        ours = REVIEW_COLUMNS if layer == BUILDINGS else QUEUE_COLUMNS
        form = Fields(
            tuple(names), (*COLUMNS, *ours), key, choices={REVIEW: CHOICES},
            filled=(*WHO_AND_WHEN, DRAWN),
        )  # fmt: skip
        return (style(title, shown, fields=form),)
    return (style(title, alike(_outline(GREY, "dot"))),)


def _outline(colour: str, line: str = "solid") -> Fill:
    """An outline alone: what is checked must stay in sight."""
    return Fill(colour, pattern="no", line=colour, line_mm=0.5, line_style=line)
