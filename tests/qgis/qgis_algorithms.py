"""Algorithms as QGIS runs them: cases of in_qgis.py."""

from __future__ import annotations

from pathlib import Path

from qgis.core import (
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


def squares(crs: str = "EPSG:32645") -> QgsVectorLayer:
    """Three buildings in memory."""
    where = f"crs={crs}&" if crs else ""
    layer = QgsVectorLayer(f"Polygon?{where}field=name:string", "drawn", "memory")
    for number in range(3):
        feature = QgsFeature(layer.fields())
        feature.setAttributes([f"n{number}"])
        west = 3e5 + 30 * number
        feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(west, 3e6, west + 12, 3e6 + 9)))
        layer.dataProvider().addFeature(feature)
    layer.updateExtents()
    return layer


def run(name: str, values: dict, feedback: QgsProcessingFeedback | None = None) -> dict:
    """An algorithm's results, whether it ended well, and what it said."""
    context, feedback = QgsProcessingContext(), feedback or QgsProcessingFeedback()
    context.setProject(QgsProject.instance())
    algorithm = QgsApplication.processingRegistry().createAlgorithmById(f"geoseg:{name}")
    results, good = algorithm.run(values, context, feedback)
    return {"results": results, "good": good, "log": feedback.textLog()}


def straightened(layer: object, output: str) -> dict:
    ran = run("regularize", {"INPUT": layer, "OUTPUT": output})
    loaded = QgsVectorLayer(ran["results"].get("OUTPUT", ""), "x", "ogr")
    return {"good": ran["good"], "features": loaded.featureCount(), "log": ran["log"]}


def temporary() -> dict:
    return straightened(squares(), "TEMPORARY_OUTPUT")


def without_crs(output: str) -> dict:
    layer = squares(crs="")
    layer.setCrs(layer.crs().__class__())
    return straightened(layer, output) | {"exists": Path(output).exists()}


def open_meanwhile(output: str) -> dict:
    """The result is written again while QGIS shows it."""
    first = straightened(squares(), output)
    shown = QgsVectorLayer(output, "shown", "ogr")
    QgsProject.instance().addMapLayer(shown)
    features = list(shown.getFeatures())
    again = straightened(squares(), output)
    shown.dataProvider().reloadData()
    after = [feature["name"] for feature in shown.getFeatures()]
    QgsProject.instance().removeAllMapLayers()
    return {
        "first": first["good"],
        "again": again["good"],
        "features": len(features),
        "after": after,
    }


def cancel(raster: str, output: str) -> dict:
    feedback = QgsProcessingFeedback()
    feedback.progressChanged.connect(lambda _: feedback.cancel())
    values = {"RASTER": [QgsRasterLayer(raster)], "OUTPUT": output, "TTA": "no", "TILE": 608}
    ran = run("predict", values, feedback)
    there = {"exists": Path(output).exists(), "kept": Path(f"{output}.parts").exists()}
    return {"log": ran["log"], **there}


def web_map() -> dict:
    service = QgsRasterLayer("type=xyz&url=http://127.0.0.1:9/{z}/{x}/{y}.png", "tiles", "wms")
    return run("info", {"RASTER": [service]})


def describe(rasters: list) -> list:
    """What ``info`` says of raster layers of QGIS."""
    layers = [QgsRasterLayer(path, "photo") for path in rasters]
    return [run("info", {"RASTER": [layer]}) | {"valid": layer.isValid()} for layer in layers]


CASES = {
    "temporary": temporary,
    "without crs": without_crs,
    "open meanwhile": open_meanwhile,
    "cancel": cancel,
    "web map": web_map,
    "describe": describe,
}
