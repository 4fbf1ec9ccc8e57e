"""Labels inside polygons, from a scale on."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from geoseg.export.styles.nodes import node

FROM_SCALE = 2000
"""Labels are shown from 1:2,000 on."""


def labels(expression: str) -> Element:
    """A label in every polygon that has room for it, none over another."""
    text = {
        "isExpression": 1, "fieldName": expression, "fontSize": 7, "fontSizeUnit": "Point",
        "fontWeight": 50, "textColor": "30,30,30,255", "textOpacity": 1, "namedStyle": "",
        "blendMode": 0, "multilineHeight": 1, "textOrientation": "horizontal",
    }  # fmt: skip
    buffer = {
        "bufferDraw": 1, "bufferSize": 0.7, "bufferSizeUnits": "MM",
        "bufferColor": "255,255,255,255", "bufferOpacity": 0.85, "bufferNoFill": 1,
        "bufferJoinStyle": 128, "bufferBlendMode": 0,
    }  # fmt: skip
    place = {
        "placement": _HORIZONTAL, "centroidInside": 1, "centroidWhole": 1, "fitInPolygonOnly": 1,
        "priority": 5, "polygonPlacementFlags": 2, "dist": 0, "quadOffset": 4,
    }  # fmt: skip
    # scaleMax is the smallest scale with labels: this element kept the names of QGIS 2.
    drawing = {
        "drawLabels": 1, "scaleVisibility": 1, "scaleMax": FROM_SCALE, "scaleMin": 0,
        "displayAll": 0, "labelPerPart": 0, "limitNumLabels": 0, "maxNumLabels": 2000,
        "obstacle": 1, "obstacleFactor": 1, "upsidedownLabels": 0, "zIndex": 0,
    }  # fmt: skip
    settings = node(
        "settings",
        {"calloutType": "simple"},
        node("text-style", text, node("text-buffer", buffer)),
        node("text-format", {"formatNumbers": 0, "multilineAlign": 3, "wrapChar": ""}),
        node("placement", place),
        node("rendering", drawing),
    )
    return node("labeling", {"type": "simple"}, settings)


_HORIZONTAL = 4
"""QgsPalLayerSettings.Placement: anywhere within the polygon, upright."""
