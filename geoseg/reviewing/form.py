"""Styles of the layers under review: colours by verdict, and the form that QGIS opens."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from geoseg.export.styles.style import Style
from geoseg.reviewing.columns import (
    BUILDINGS,
    CHECKED,
    PLOTS,
    QUEUE,
    REVIEW,
    REVIEWED_AT,
    REVIEWER,
    VERDICTS,
)

NOT_YET = ("", "not looked at")
COLOURS = {
    "": "255,202,40,255", "right": "46,125,50,255", "wrong": "198,40,40,255",
    "redrawn": "21,101,192,255", "added": "106,27,154,255", "false": "255,202,40,255",
    "true": "46,125,50,255",
}  # fmt: skip
"""By what stands in the column."""
GREY = "120,120,120,255"


def review_styles(layer: str) -> tuple[Style, ...]:
    """How QGIS shows a layer under review."""
    return (Style(f"geoseg {layer}", review_qml(layer)),)


def review_qml(layer: str) -> str:
    """Renderer and form of a layer under review."""
    if layer == PLOTS:
        shown = [("0", "not checked", COLOURS["false"]), ("1", "checked", COLOURS["true"])]
        return _page(_by_value(CHECKED, shown), [_checkbox(CHECKED)])
    if layer in {BUILDINGS, QUEUE}:
        values = [NOT_YET, *((verdict, verdict) for verdict in VERDICTS)]
        shown = [(value, label, COLOURS[value]) for value, label in values]
        return _page(_by_value(REVIEW, shown), [_choice(REVIEW, values)])
    return _page(_alike(GREY, "dot"), [])


def _page(renderer: str, fields: list[str]) -> str:
    """Renderer, fields, and who and when filled in by themselves at every change."""
    filled = ""
    if fields:
        fields = [*fields, _field(REVIEWED_AT, "DateTime", "")]
        filled = (
            "<defaults>"
            f'<default field="{REVIEWER}" expression="@user_full_name" applyOnUpdate="1"/>'
            f'<default field="{REVIEWED_AT}" expression="now()" applyOnUpdate="1"/>'
            "</defaults>"
        )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        '<qgis version="3.16.0-Hannover" styleCategories="Symbology|Forms|Fields">'
        f"{renderer}<fieldConfiguration>{''.join(fields)}</fieldConfiguration>{filled}"
        "<layerGeometryType>2</layerGeometryType></qgis>\n"
    )


def _by_value(column: str, shown: list[tuple[str, str, str]]) -> str:
    """One symbol per value of a column."""
    attribute = f"coalesce(\"{column}\", '')" if column == REVIEW else f'to_int("{column}")'
    categories = "".join(
        f'<category render="true" symbol="{place}" value={quoteattr(value)} '
        f'label={quoteattr(label)} type="{"string" if column == REVIEW else "integer"}"/>'
        for place, (value, label, _) in enumerate(shown)
    )
    symbols = "".join(_symbol(place, colour) for place, (_, _, colour) in enumerate(shown))
    return (
        f'<renderer-v2 type="categorizedSymbol" attr={quoteattr(attribute)} symbollevels="0">'
        f"<categories>{categories}</categories><symbols>{symbols}</symbols></renderer-v2>"
    )


def _alike(colour: str, line: str) -> str:
    return (
        '<renderer-v2 type="singleSymbol" symbollevels="0"><symbols>'
        f"{_symbol(0, colour, line)}</symbols></renderer-v2>"
    )


def _symbol(name: int, colour: str, line: str = "solid") -> str:
    """An outline alone: what is checked must stay in sight."""
    return (
        f'<symbol type="fill" name="{name}" alpha="1" clip_to_extent="1" force_rhr="0">'
        '<layer class="SimpleFill" enabled="1" locked="0" pass="0"><prop k="style" v="no"/>'
        f'<prop k="outline_style" v="{line}"/><prop k="outline_color" v="{colour}"/>'
        '<prop k="outline_width" v="0.5"/><prop k="outline_width_unit" v="MM"/>'
        '<prop k="joinstyle" v="miter"/></layer></symbol>'
    )


def _choice(column: str, values: list[tuple[str, str]]) -> str:
    """A list to choose from."""
    options = "".join(
        f'<Option type="Map"><Option type="QString" name={quoteattr(label)} '
        f"value={quoteattr(value)}/></Option>"
        for value, label in values
    )
    return _field(column, "ValueMap", f'<Option type="List" name="map">{options}</Option>')


def _checkbox(column: str) -> str:
    return _field(column, "CheckBox", "")


def _field(column: str, widget: str, options: str) -> str:
    return (
        f'<field name="{column}"><editWidget type="{widget}"><config><Option type="Map">{options}'
        "</Option></config></editWidget></field>"
    )
