"""Fills and what chooses among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from geoseg.export.styles.nodes import node, option_map


@dataclass(frozen=True, slots=True)
class Fill:
    """How a polygon is painted."""

    colour: str
    """Of the inside, #rrggbb."""
    opacity: float = 1.0
    """Of the inside, 0..1."""
    pattern: str = "solid"
    """In Qt's words: solid, no, b_diagonal ..."""
    line: str = ""
    """Colour of the outline, #rrggbb; empty: that of the inside."""
    line_mm: float = 0.3
    """Width of the outline, millimetres on the screen or on paper."""
    line_style: str = "solid"
    """In Qt's words: solid, dash, dot ..."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What some of the polygons look like."""

    label: str
    """In the legend."""
    where: str
    """Expression that chooses them; empty: all."""
    fill: Fill


def colour_text(colour: str, opacity: float = 1.0) -> str:
    """#rrggbb as QGIS writes it: red, green, blue and alpha from 0 to 255."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{red},{green},{blue},{round(255 * opacity)}"


def _symbol(name: int, fill: Fill) -> Element:
    values = {
        "style": fill.pattern,
        "color": colour_text(fill.colour, fill.opacity),
        "outline_style": fill.line_style,
        "outline_color": colour_text(fill.line or fill.colour),
        "outline_width": str(fill.line_mm),
        "outline_width_unit": "MM",
        "joinstyle": "miter",
    }
    # QGIS before 3.18 reads "prop" alone, newer ones "Option"; they write both.
    old = (node("prop", {"k": key, "v": value}) for key, value in values.items())
    layer = node(
        "layer",
        {"class": "SimpleFill", "enabled": True, "locked": False, "pass": 0},
        option_map(values),
        *old,
    )
    facts = {"type": "fill", "name": name, "alpha": 1, "clip_to_extent": 1, "force_rhr": 0}
    return node("symbol", facts, layer)


def _renderer(kind: str, fills: Sequence[Fill], *parts: Element, **more: str) -> Element:
    symbols = node("symbols", None, *(_symbol(i, fill) for i, fill in enumerate(fills)))
    facts = {"type": kind, "symbollevels": 0, "forceraster": 0, "enableorderby": 0, **more}
    return node("renderer-v2", facts, *parts, symbols)


def alike(fill: Fill) -> Element:
    """All polygons look the same."""
    return _renderer("singleSymbol", [fill])


def by_rules(rules: Sequence[Rule]) -> Element:
    """Polygons are painted by every rule that is true of them, one upon the other."""
    entries = (
        node(
            "rule",
            {"key": f"{{geoseg-{i}}}", "symbol": i, "label": rule.label}
            | ({"filter": rule.where} if rule.where else {}),
        )
        for i, rule in enumerate(rules)
    )
    return _renderer(
        "RuleRenderer", [r.fill for r in rules], node("rules", {"key": "{geoseg}"}, *entries)
    )


def by_value(
    column: str, fills: Mapping[str, Fill], labels: Mapping[str, str] | None = None
) -> Element:
    """One fill per value of a column, or of an expression; without a label a value tells itself."""
    named = {} if labels is None else labels
    entries = (
        node(
            "category",
            {"symbol": i, "value": value, "label": named.get(value, value), "render": "true"},
        )
        for i, value in enumerate(fills)
    )
    parts = node("categories", None, *entries)
    return _renderer("categorizedSymbol", list(fills.values()), parts, attr=column)


def by_number(column: str, ranges: Sequence[tuple[float, float, str, Fill]]) -> Element:
    """One fill per range of a column: from, to, label, fill."""
    entries = (
        node(
            "range",
            {"symbol": i, "lower": repr(low), "upper": repr(high), "render": "true", "label": label},
        )
        for i, (low, high, label, _) in enumerate(ranges)
    )  # fmt: skip
    parts = node("ranges", None, *entries)
    fills = [one[3] for one in ranges]
    return _renderer("graduatedSymbol", fills, parts, attr=column, graduatedMethod="GraduatedColor")
