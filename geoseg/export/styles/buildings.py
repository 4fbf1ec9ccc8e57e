"""The styles of buildings, as far as their columns allow."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf
from xml.etree.ElementTree import Element

from geoseg.export.schema import Column
from geoseg.export.styles.fields import Fields, key_column, percent_of
from geoseg.export.styles.solid import extruded, standing
from geoseg.export.styles.style import Style, style
from geoseg.export.styles.symbols import Fill, Rule, alike, by_rules

AREA_CLASSES: tuple[tuple[float, str], ...] = (
    (0, "#fff9b4"), (50, "#ffca28"), (100, "#ff8a1e"), (200, "#f44350"), (500, "#c81e82"),
    (2000, "#6a1baa"),
)  # fmt: skip
"""From so many m2 on, and the colour."""
CONFIDENCE_CLASSES: tuple[tuple[float, str], ...] = (
    (0, "#d7191c"), (0.5, "#fdae61"), (0.7, "#ffffbf"), (0.85, "#74add1"), (0.95, "#2b5fc4"),
)  # fmt: skip
"""From such a confidence on, and the colour: red is worth a look."""
OUTLINE = "#ffe600"
"""Seen on roofs, trees and roads alike."""
_INSIDE = 0.35
"""Opacity of the inside, so that the photo shows."""
_CUT = Rule(
    "cut at the edge of the image?", '"at_edge"',
    Fill("#ffffff", 0.55, "b_diagonal", "#ffffff", 0.4, "dash"),
)  # fmt: skip
_UNKNOWN = Fill("#8c96a0", _INSIDE)
"""Rows without the number that colours them, such as those that somebody has just drawn."""
_AREA = """format_number("area_m2", 0) || ' m²'"""
_NAMED = ("building_id", "area_m2")


def building_styles(
    names: Sequence[str], told: Sequence[Column] = (), *, solid: bool = False
) -> tuple[Style, ...]:
    """By area, by confidence and outlines alone; the first is the default.

    Args:
        names: The columns of the layer, in order, without the geometry.
        told: Those whose meaning is known; styles look at no other.
        solid: 3D map views extrude the buildings by their height.
    """
    known = tuple(one for one in told if one.name in names)
    here = {one.name for one in known}
    fields = Fields(tuple(names), known, key_column(names), _display(here), _tip(known))
    cut = [_CUT] if "at_edge" in here else []
    block = extruded if solid else None
    made = []
    if "area_m2" in here:
        unknown = Rule("not measured", '"area_m2" IS NULL', _UNKNOWN)
        rules = [*_classes("area_m2", AREA_CLASSES, _square_metres), unknown, *cut]
        made.append(("by area", by_rules(rules), _AREA))
    if "confidence" in here:
        unknown = Rule("not known", '"confidence" IS NULL', _UNKNOWN)
        rules = [*_classes("confidence", CONFIDENCE_CLASSES, _per_cent), unknown, *cut]
        made.append(("by confidence", by_rules(rules), percent_of("confidence")))
    made.append(("outline over the photo", _outlines(cut=bool(cut)), ""))
    return tuple(
        style(name, renderer, fields=fields, label=label, solid=block() if block else None)
        for name, renderer, label in made
    )


def extent_style() -> Style:
    """The observed area: a dotted line alone."""
    fields = Fields((), (), display="'Area in which buildings were looked for'")
    line = Fill("#ffffff", 0, "no", "#00e5ff", 0.5, "dot")
    return style("observed area", alike(line), fields=fields)


def solid_style(names: Sequence[str]) -> Style:
    """Buildings as polygons in space, which 3D map views show where they stand."""
    fields = Fields(tuple(names), key=key_column(names))
    return style("blocks", alike(Fill("#ffca28", _INSIDE)), fields=fields, solid=standing())


def _classes(column: str, classes: tuple[tuple[float, str], ...], label: object) -> list[Rule]:
    limits = [*(low for low, _ in classes), inf]
    return [
        Rule(label(low, high), _between(column, low, high), Fill(colour, _INSIDE))  # type: ignore[operator]
        for (low, high), (_, colour) in zip(pairwise(limits), classes, strict=True)
    ]


def _between(column: str, low: float, high: float) -> str:
    parts = [f'"{column}" >= {low:g}'] if low else []
    parts += [f'"{column}" < {high:g}'] if high < inf else []
    return " AND ".join(parts)


def _square_metres(low: float, high: float) -> str:
    if not low:
        return f"under {high:g} m²"
    return f"{low:g} to {high:g} m²" if high < inf else f"over {low:g} m²"


def _per_cent(low: float, high: float) -> str:
    if not low:
        return f"under {100 * high:g} %"
    return f"{100 * low:g} to {100 * high:g} %" if high < inf else f"{100 * low:g} % and more"


def _outlines(*, cut: bool) -> Element:
    def line(kind: str) -> Fill:
        return Fill(OUTLINE, 0, "no", OUTLINE, 0.4, kind)

    if not cut:
        return alike(line("solid"))
    whole = Rule("building", 'NOT coalesce("at_edge", false)', line("solid"))
    return by_rules([whole, Rule(_CUT.label, _CUT.where, line("dash"))])


def _display(here: set[str]) -> str:
    if not here.issuperset(_NAMED):
        return ""
    return f"""'Building ' || "building_id" || ', ' || {_AREA}"""


def _tip(known: Sequence[Column]) -> str:
    """The numbers of a building, a line each."""
    if "building_id" not in {one.name for one in known}:
        return ""
    lines = [_line(one) for one in known if one.is_share or one.decimals is not None]
    return f'<b>Building [% "building_id" %]</b><br>{"<br>".join(lines)}'


def _line(column: Column) -> str:
    number = f'format_number("{column.name}", {column.decimals})'
    unit = f" {column.unit}" if column.unit else ""
    value = percent_of(column.name) if column.is_share else f"{number} || '{unit}'"
    return f"{column.title}: [% coalesce({value}, 'unknown') %]"
