"""A style of a layer, whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from geoseg.export.styles.fields import Fields
from geoseg.export.styles.labels import labels
from geoseg.export.styles.nodes import all_of, document, node, text_node

OLDEST_QGIS = "3.16.0-Hannover"
"""What the styles say that they were made by; newer ones read them."""
_POLYGONS = "2"


@dataclass(frozen=True, slots=True)
class Style:
    """A style that QGIS offers by its name."""

    name: str
    """30 characters at most."""
    qml: str
    """As QGIS reads it."""


def style(
    name: str,
    renderer: Element,
    *,
    fields: Fields | None = None,
    label: str = "",
    solid: Element | None = None,
) -> Style:
    """A style.

    Args:
        name: As QGIS offers it.
        renderer: How polygons are painted.
        fields: Columns, form and tips; None: as QGIS makes them.
        label: Expression of the labels; empty: none.
        solid: How 3D map views show the layer; None: flat.
    """
    parts = [solid, renderer, labels(label) if label else None, *(fields.nodes() if fields else ())]
    kinds = _categories(fields is not None, bool(label), solid is not None)
    root = node(
        "qgis",
        {"version": OLDEST_QGIS, "styleCategories": "|".join(kinds), "labelsEnabled": bool(label)},
        *all_of(parts),
        text_node("layerGeometryType", _POLYGONS),
    )
    return Style(name, document(root))


def _categories(fields: bool, label: bool, solid: bool) -> Sequence[str]:
    told = {
        "Symbology": True, "Symbology3D": solid, "Labeling": label, "Fields": fields,
        "Forms": fields, "MapTips": fields, "AttributeTable": fields,
    }  # fmt: skip
    return [name for name, there in told.items() if there]
