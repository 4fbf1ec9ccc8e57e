"""The project as QGIS reads it (.qgs), written without QGIS."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, fromstring

from pyproj import CRS

from geoseg.earth.transforms import way
from geoseg.export.styles.nodes import document, node, text_node
from geoseg.export.styles.style import OLDEST_QGIS, Style
from geoseg.projects.contents import Photo, Shown
from geoseg.vectors.geoparquet import Box

_MARGIN = 0.02
"""Of the view around what is shown, as a part of its size."""


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a project shows."""

    title: str
    """Of the window."""
    geopackage: str
    """The file of the layers, as the project names it."""
    layers: Sequence[Shown]
    """From the top down; the first tells the CRS."""
    photos: Sequence[Photo]
    """Beneath them."""
    stretch: tuple[float, float] | None
    """Numbers of the photos that are black and white; None: of 8 bits as they are."""

    def text(self) -> str:
        """The project file."""
        crs = self.layers[0].crs
        named = [(f"{one.name}_geoseg_{i}", one) for i, one in enumerate(self.layers)]
        below = [(f"photo_geoseg_{i}", one) for i, one in enumerate(self.photos)]
        tree = [
            _leaf(key, one.title, self._source(one), "ogr", visible=one.visible)
            for key, one in named
        ]
        leaves = [_leaf(key, one.title, one.source, "gdal") for key, one in below]
        layers = [self._layer(key, one) for key, one in named]
        rasters = [_raster(key, one, self.stretch) for key, one in below]
        keys = [key for key, _ in [*named, *below]]
        root = node(
            "qgis",
            {"projectname": self.title, "version": OLDEST_QGIS},
            text_node("title", self.title),
            node("projectCrs", None, _crs(crs)),
            node("layer-tree-group", None, *tree, *_group(leaves)),
            _canvas(crs, _view([*((one.bounds, one.crs) for one in self.layers)], crs)),
            node("projectlayers", None, *layers, *rasters),
            node("layerorder", None, *(node("layer", {"id": key}) for key in keys)),
            _properties(crs),
        )
        return document(root)

    def _source(self, layer: Shown) -> str:
        return f"{self.geopackage}|layername={layer.name}"

    def _layer(self, key: str, layer: Shown) -> Element:
        facts = {"type": "vector", "geometry": "Polygon", "styleCategories": "AllStyleCategories"}
        made = node("maplayer", facts, *_basics(key, layer.title, self._source(layer), layer.crs))
        made.append(text_node("provider", "ogr", {"encoding": "UTF-8"}))
        if layer.styles:
            default = fromstring(_body(layer.styles[0]))  # noqa: S314 - of our own writing, or QGIS's
            made.set("labelsEnabled", default.get("labelsEnabled", "0"))
            made.extend(default)
            made.append(_offered(layer.styles))
        return made


def _body(style: Style) -> str:
    """The style without its document type."""
    return style.qml[max(0, style.qml.find("<qgis")) :]


def _offered(styles: Sequence[Style]) -> Element:
    """The styles that the layer's menu offers; that of the first one stands in the layer itself."""
    current, *others = styles
    kept = [node("map-layer-style", {"name": current.name})]
    kept += [
        node("map-layer-style", {"name": one.name}, fromstring(_body(one)))  # noqa: S314 - as above
        for one in others
    ]
    return node("map-layer-style-manager", {"current": current.name}, *kept)


def _raster(key: str, photo: Photo, stretch: tuple[float, float] | None) -> Element:
    facts = {"type": "raster", "styleCategories": "AllStyleCategories"}
    raster = photo.raster
    made = node("maplayer", facts, *_basics(key, photo.title, photo.source, raster.crs))
    made.append(text_node("provider", "gdal"))
    if len(raster.bands.distinct) == len(raster.bands.rgb):
        made.append(node("pipe", None, _colours(photo, stretch)))
    return made


def _colours(photo: Photo, stretch: tuple[float, float] | None) -> Element:
    alpha = photo.raster.bands.alpha
    red, green, blue = photo.raster.bands.rgb
    bands = {"redBand": red, "greenBand": green, "blueBand": blue, "alphaBand": alpha or -1}
    made = node("rasterrenderer", {"type": "multibandcolor", "opacity": 1, **bands})
    for colour in ("red", "green", "blue") if stretch else ():
        low, high = stretch or (0, 255)
        limits = [
            text_node("minValue", f"{low:.9g}"),
            text_node("maxValue", f"{high:.9g}"),
            text_node("algorithm", "StretchToMinimumMaximum"),
        ]
        made.append(node(f"{colour}ContrastEnhancement", None, *limits))
    return made


def _basics(key: str, title: str, source: str, crs: CRS) -> list[Element]:
    return [
        text_node("id", key),
        text_node("datasource", source),
        text_node("layername", title),
        node("srs", None, _crs(crs)),
    ]


def _crs(crs: CRS) -> Element:
    code = crs.to_authority(min_confidence=100)
    parts = [text_node("wkt", crs.to_wkt())]
    if code:
        parts.append(text_node("authid", ":".join(code)))
    return node("spatialrefsys", {"nativeFormat": "Wkt"}, *parts)


def _leaf(key: str, title: str, source: str, provider: str, *, visible: bool = True) -> Element:
    checked = "Qt::Checked" if visible else "Qt::Unchecked"
    facts = {"id": key, "name": title, "source": source, "providerKey": provider,
             "checked": checked, "expanded": 0}  # fmt: skip
    return node("layer-tree-layer", facts)


def _group(leaves: Sequence[Element]) -> Sequence[Element]:
    """Several photos are folded away in one group."""
    if len(leaves) < 2:  # noqa: PLR2004
        return leaves
    return [
        node(
            "layer-tree-group", {"name": "Photo", "checked": "Qt::Checked", "expanded": 0}, *leaves
        )
    ]


def _view(bounds: Sequence[tuple[Box, CRS]], crs: CRS) -> Box | None:
    """The first of them that has a place, in the CRS of the project."""
    for box, own in bounds:
        if all(map(math.isfinite, box)):
            moved = way(own, crs).transform_bounds(*box)
            left, bottom, right, top = moved
            room = _MARGIN * max(right - left, top - bottom)
            return left - room, bottom - room, right + room, top + room
    return None


def _canvas(crs: CRS, view: Box | None) -> Element:
    units = "degrees" if crs.is_geographic else "meters"
    made = node(
        "mapcanvas", {"name": "theMapCanvas", "annotationsVisible": 1}, text_node("units", units)
    )
    if view is not None:
        sides = zip(("xmin", "ymin", "xmax", "ymax"), view, strict=True)
        made.append(node("extent", None, *(text_node(name, repr(float(at))) for name, at in sides)))
    made.append(text_node("rotation", "0"))
    made.append(node("destinationsrs", None, _crs(crs)))
    return made


def _properties(crs: CRS) -> Element:
    told: dict[str, tuple[str, str, str]] = {
        "Paths": ("Absolute", "bool", "false"),
        "SpatialRefSys": ("ProjectionsEnabled", "int", "1"),
    }
    ellipsoid = crs.ellipsoid.to_json_dict().get("id") if crs.ellipsoid else None
    if ellipsoid:  # measured on it, areas are true in any CRS
        told["Measure"] = ("Ellipsoid", "QString", f"{ellipsoid['authority']}:{ellipsoid['code']}")
    return node(
        "properties",
        None,
        *(
            node(group, None, text_node(name, value, {"type": kind}))
            for group, (name, kind, value) in told.items()
        ),
    )
