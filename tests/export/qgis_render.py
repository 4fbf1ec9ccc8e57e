"""Open a layer in QGIS as a user would, draw it, and print what was seen as JSON.

Run by test_qgis.py with the Python that has QGIS: ``qgis_render.py GPKG LAYER SCALE PNG [RASTER]``.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from qgis.core import (
    QgsApplication,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QSize
from qgis.PyQt.QtGui import QColor, QImage


def draw(layers: list, scale: float) -> QImage:
    """The first layer's middle at a map scale, on black."""
    settings = QgsMapSettings()
    settings.setLayers(layers)
    settings.setDestinationCrs(layers[0].crs())
    settings.setOutputSize(QSize(1000, 750))
    settings.setOutputDpi(96)
    settings.setBackgroundColor(QColor("black"))
    settings.setFlag(QgsMapSettings.Antialiasing, layers[1:] != [])
    settings.setExtent(layers[0].extent())
    extent = settings.visibleExtent()
    extent.scale(scale / settings.scale())
    settings.setExtent(extent)
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    return job.renderedImage()


def main(gpkg: str, layer_name: str, scale: str, png: str, *rasters: str) -> None:
    application = QgsApplication([], False)  # noqa: FBT003
    application.initQgis()
    layer = QgsVectorLayer(f"{gpkg}|layername={layer_name}", layer_name, "ogr")
    image = draw([layer, *(QgsRasterLayer(path) for path in rasters)], float(scale))
    image.save(png)
    pixels = Counter(
        image.pixelColor(col, row).name()
        for row in range(image.height())
        for col in range(image.width())
    )
    seen = {
        "valid": layer.isValid(),
        "features": layer.featureCount(),
        "renderer": layer.renderer().type(),
        "legend": [item.label() for item in layer.renderer().legendSymbolItems()],
        "labels": layer.labelsEnabled(),
        "pixels": pixels,
    }
    sys.stdout.write(json.dumps(seen))
    # Leaving without QGIS's own tidying up: it crashes in some versions when run headless.
    sys.stdout.flush()
    os._exit(0)


main(*sys.argv[1:])
