"""Layers and projects as QGIS opens them: cases of in_qgis.py."""

from __future__ import annotations

from qgis.core import (
    QgsApplication,
    QgsExpression,
    QgsExpressionContext,
    QgsExpressionContextUtils,
    QgsMapRendererSequentialJob,
    QgsMapSettings,
    QgsProject,
    QgsProviderRegistry,
    QgsReadWriteContext,
    QgsVectorLayer,
)
from qgis.PyQt.QtCore import QLocale, QSize
from qgis.PyQt.QtXml import QDomDocument


def layer(path: str, name: str) -> dict:
    """How a layer comes from the file."""
    QLocale.setDefault(QLocale("en_US"))
    shown = QgsVectorLayer(f"{path}|layername={name}", name, "ogr")
    feature = next(shown.getFeatures())
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(shown))
    context.setFeature(feature)
    form = shown.editFormConfig()
    _, ids, names, _, _ = shown.listStylesInDatabase()
    own = [style for style, known in zip(ids, names, strict=True) if known != "observed area"]
    return {
        "sublayers": sorted(
            one.name() for one in QgsProviderRegistry.instance().querySublayers(path)
        ),
        "aliases": {field.name(): field.alias() for field in shown.fields()},
        "values": values(shown, feature),
        "hidden": [one.name for one in shown.attributeTableConfig().columns() if one.hidden],
        "tabs": [one.name() for one in form.invisibleRootContainer().children()],
        "display": QgsExpression(shown.displayExpression()).evaluate(context),
        "tip": QgsExpression.replaceExpressionText(shown.mapTipTemplate(), context),
        "renderer": shown.renderer().type(),
        "solid": solid(shown),
        "styles": {
            name: applied(shown, style)
            for name, style in zip(names, ids, strict=True)
            if style in own
        },
    }


def values(shown: QgsVectorLayer, feature: object) -> dict:
    """The row as the attribute table writes it."""
    written = {}
    for index, field in enumerate(shown.fields()):
        setup = shown.editorWidgetSetup(index)
        formatter = QgsApplication.fieldFormatterRegistry().fieldFormatter(setup.type())
        told = formatter.representValue(shown, index, setup.config(), None, feature[index])
        written[field.name()] = told
    return written


def applied(shown: QgsVectorLayer, style: str) -> list:
    """The legend that a stored style gives, and whether there are labels."""
    text, _ = shown.getStyleFromDatabase(style)
    parsed = QDomDocument()
    parsed.setContent(text)
    good, told = shown.importNamedStyle(parsed)
    legend = [one.label() for one in shown.renderer().legendSymbolItems()]
    return [good, told, legend, shown.labelsEnabled()]


def solid(shown: QgsVectorLayer) -> dict | None:
    """What 3D map views extrude a layer by."""
    from qgis._3d import Qgs3D

    Qgs3D.initialize()
    again = QgsVectorLayer(shown.source(), "again", "ogr")
    renderer = again.renderer3D()
    if renderer is None:
        return None
    parsed = QDomDocument()
    written = parsed.createElement("renderer")
    renderer.writeXml(written, QgsReadWriteContext())
    options = written.elementsByTagName("Option")
    pairs = [options.at(i).toElement() for i in range(options.count())]
    told = [one.attribute("value") for one in pairs if one.attribute("name") == "expression"]
    symbol = written.firstChildElement("symbol")
    return {"type": symbol.attribute("type"), "by": sorted(told)}


def project(address: str, png: str) -> dict:
    """A project: its layers, and colours of what is drawn."""
    opened = QgsProject()
    good = opened.read(address)
    layers = opened.layerTreeRoot().layerOrder()
    image = drawn(opened, png)
    colours = {image.pixelColor(col, row).name() for row in range(400) for col in range(400)}
    return {
        "good": good,
        "crs": opened.crs().authid(),
        "ellipsoid": opened.ellipsoid(),
        "layers": sorted([one.name(), one.isValid()] for one in opened.mapLayers().values()),
        "checked": [one.name() for one in opened.layerTreeRoot().checkedLayers()],
        "sources": [one.source() for one in layers],
        "styles": [one.styleManager().styles() for one in layers],
        "colours": sorted(colours)[:400],
    }


def drawn(opened: QgsProject, png: str) -> object:
    settings = QgsMapSettings()
    settings.setLayers(opened.layerTreeRoot().checkedLayers())
    settings.setDestinationCrs(opened.crs())
    settings.setOutputSize(QSize(400, 400))
    settings.setFlag(QgsMapSettings.Antialiasing, False)  # noqa: FBT003
    settings.setExtent(opened.layerTreeRoot().layerOrder()[-1].extent())
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(png)
    return job.renderedImage()


CASES = {"layer": layer, "heights": layer, "zones": layer, "changes": layer, "blocks": layer,
         "project": project, "project file": project, "renamed": project, "again": project}  # fmt: skip
