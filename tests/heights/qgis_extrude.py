"""Open layers in QGIS as a user would and print how a 3D view shows them, as JSON.

Run by test_qgis_3d.py with the Python that has QGIS: ``qgis_extrude.py GPKG...``.
"""

from __future__ import annotations

import json
import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis._3d import Qgs3D, Qgs3DTypes, QgsPolygon3DSymbol, QgsVectorLayer3DRenderer
from qgis.core import (
    QgsAbstract3DSymbol,
    QgsApplication,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsVectorLayer,
)
from qgis.PyQt import sip


def seen(gpkg: str) -> dict[str, object]:
    """The 3D symbol of the layer, and what it makes of the first row."""
    layer = QgsVectorLayer(f"{gpkg}|layername=buildings", "buildings", "ogr")
    renderer = layer.renderer3D()
    if renderer is None:
        return {"renderer": None}
    symbol = sip.cast(renderer, QgsVectorLayer3DRenderer).symbol()
    symbol = sip.cast(symbol, QgsPolygon3DSymbol)
    given = symbol.dataDefinedProperties()
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.setFeature(next(layer.getFeatures()))
    told = {
        "renderer": renderer.type(),
        "flat": layer.renderer().type(),
        "absolute": symbol.altitudeClamping() == Qgs3DTypes.AltClampAbsolute,
    }
    for name, key in (
        ("height", QgsAbstract3DSymbol.PropertyHeight),
        ("extrusion", QgsAbstract3DSymbol.PropertyExtrusionHeight),
    ):
        told[name] = given.valueAsDouble(key, context, -1.0)[0] if given.isActive(key) else None
    return told


if __name__ == "__main__":
    application = QgsApplication([], False)  # noqa: FBT003
    application.initQgis()
    Qgs3D.initialize()
    print(json.dumps([seen(path) for path in sys.argv[1:]]))  # noqa: T201
    sys.stdout.flush()
    os._exit(0)
