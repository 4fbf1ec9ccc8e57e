"""Run by test_in_qgis.py with QGIS's own Python: ``in_qgis.py CASE PLUGINS FOLDER``, prints JSON."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
case, plugins, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
sys.path += [plugins, "/usr/share/qgis/python/plugins"]

from qgis.core import (  # noqa: E402
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
)

application = QgsApplication([], True)  # noqa: FBT003
application.initQgis()
from geoseg.provider import GeosegProvider  # noqa: E402
from processing.core.Processing import Processing  # noqa: E402

Processing.initialize()
provider = GeosegProvider()
QgsApplication.processingRegistry().addProvider(provider)


def finish(**seen: object) -> None:
    sys.stdout.write(json.dumps(seen))
    sys.stdout.flush()
    os._exit(0)  # QGIS's own tidying up crashes in some versions when run headless


def squares() -> QgsVectorLayer:
    """Three buildings in memory, one of them selected."""
    layer = QgsVectorLayer("Polygon?crs=EPSG:32645&field=name:string", "drawn", "memory")
    for number in range(3):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([f"n{number}"])
        west = 3e5 + 30 * number
        feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(west, 3e6, west + 12, 3e6 + 9)))
        layer.dataProvider().addFeature(feature)
    layer.updateExtents()
    return layer


def run(name: str, values: dict, feedback: QgsProcessingFeedback) -> tuple[dict, bool]:
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"geoseg:{name}")
    return algorithm.run(values, context, feedback)


if case == "memory":
    values = {"INPUT": squares(), "OUTPUT": str(folder / "out.gpkg")}
    results, good = run("regularize", values, QgsProcessingFeedback())
    loaded = QgsVectorLayer(results["OUTPUT"], "x", "ogr")
    finish(good=good, features=loaded.featureCount())

if case == "temporary":
    values = {"INPUT": squares(), "OUTPUT": "TEMPORARY_OUTPUT"}
    results, good = run("regularize", values, QgsProcessingFeedback())
    loaded = QgsVectorLayer(results.get("OUTPUT", ""), "x", "ogr")
    finish(good=good, features=loaded.featureCount())

if case == "cancel":
    feedback = QgsProcessingFeedback()
    feedback.progressChanged.connect(lambda _: feedback.cancel())
    raster = QgsRasterLayer(sys.argv[4])
    output = folder / "out.gpkg"
    results, good = run(
        "predict", {"RASTER": [raster], "OUTPUT": str(output), "TTA": "no", "TILE": 608}, feedback
    )
    finish(results=results, exists=output.exists(), kept=Path(f"{output}.parts").exists(),
           log=feedback.textLog())  # fmt: skip

if case == "web map":
    service = QgsRasterLayer("type=xyz&url=http://127.0.0.1:9/{z}/{x}/{y}.png", "tiles", "wms")
    feedback = QgsProcessingFeedback()
    results, good = run("info", {"RASTER": [service]}, feedback)
    finish(good=good, log=feedback.textLog())

if case == "dialog":
    from geoseg.dialog import SetupDialog
    from qgis.PyQt.QtCore import Qt
    from qgis.PyQt.QtTest import QTest

    from geoseg import finding

    os.environ.pop("GEOSEG_PYTHON", None)
    dialog = SetupDialog()
    dialog.show()
    before = dialog.status.text()
    dialog.use("/nowhere/python")
    refused = dialog.status.text()
    dialog.use(sys.argv[4])
    chosen = dialog.status.text()
    QTest.mouseClick(dialog.test, Qt.MouseButton.LeftButton)
    dialog.grab().save(str(folder / "dialog.png"))
    finish(before=before, refused=refused, chosen=chosen, tested=dialog.status.text(),
           candidates=finding.candidates({"PATH": "/usr/bin"}))  # fmt: skip
