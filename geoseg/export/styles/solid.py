"""Polygons in QGIS's 3D map views."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from geoseg.export.styles.nodes import node, option_map

UNKNOWN_HEIGHT_M = 3
"""Of blocks whose height is unknown."""


def extruded() -> Element:
    """Footprints as blocks: from the ground by their height, to the metre of the surface."""
    expressions = {
        "extrusionHeight": f'coalesce("height_m", {UNKNOWN_HEIGHT_M})',
        "height": 'coalesce("ground_m", 0)',
    }
    properties = {
        name: {"active": True, "expression": text, "type": 3} for name, text in expressions.items()
    }
    options = option_map({"name": "", "properties": properties, "type": "collection"})
    return _renderer(node("data-defined-properties", None, options))


def standing() -> Element:
    """Polygons that have heights, where they stand."""
    return _renderer()


def _renderer(*more: Element) -> Element:
    place = {
        "alt-binding": "centroid", "alt-clamping": "absolute", "culling-mode": "no-culling",
        "height": 0, "extrusion-height": 0, "add-back-faces": 0, "rendered-facade": 3,
        "invert-normals": 0,
    }  # fmt: skip
    stone = {
        "ambient": "70,66,60,255", "diffuse": "205,190,170,255", "specular": "0,0,0,255",
        "shininess": 0,
    }  # fmt: skip
    symbol = node(
        "symbol",
        {"type": "polygon", "material_type": "phong"},
        node("data", place),
        node("material", stone),
        *more,
        node("edges", {"enabled": 1, "width": 1, "color": "90,84,76,255"}),
    )
    tiling = node("vector-layer-3d-tiling", {"zoom-levels-count": 3, "show-bounding-boxes": 0})
    return node("renderer-3d", {"type": "vector"}, tiling, symbol)
