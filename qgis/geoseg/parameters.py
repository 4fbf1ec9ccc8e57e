"""From the verbs' own description to Processing parameters, and from their values to a command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsProcessing,
    QgsProcessingException,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
    QgsProcessingParameterVectorLayer,
)

from .faces import HIDDEN, LABELS, Face, Role

EXTENT = "EXTENT"
FORMATS = ["gpkg", "geojson", "fgb", "parquet"]
"""Of polygon layers, the default first."""
READ = ["gpkg", "geojson", "json", "fgb", "shp"]
"""Files of layers that geoseg reads as they are; others are saved as a GeoPackage first."""


def described() -> dict[str, Any]:
    """What geoseg said of its verbs when the plugin was built."""
    return json.loads(Path(__file__).with_name("verbs.json").read_text(encoding="utf-8"))


def roles_first(face: Face, verb: dict[str, Any]) -> list[tuple[dict[str, Any], Role | None]]:
    """The parameters that are shown: layers, then what is often used, then the rest, outputs last."""
    layers = {role.layer for role in face.roles.values()}
    shown = [p for p in verb["parameters"] if p["name"] not in HIDDEN | layers]

    def rank(parameter: dict[str, Any]) -> int:
        role = face.roles.get(parameter["name"])
        if role is not None:
            return 3 if role.kind.endswith("_out") else 0
        return 1 if parameter["name"] in face.shown else 2

    return [(p, face.roles.get(p["name"])) for p in sorted(shown, key=rank)]


def qgis_name(parameter: dict[str, Any], role: Role | None) -> str:
    """In the toolbox."""
    return parameter["name"].upper() if role is None else role.name


def definition(
    face: Face, parameter: dict[str, Any], role: Role | None, tr: Any
) -> QgsProcessingParameterDefinition:
    """The Processing parameter."""
    optional = not parameter["needed"] and not (role and role.kind in {"layer_out", "folder_out"})
    made = _of_role(role, tr(role.label), optional) if role else _of_kind(parameter, tr)
    made.setHelp(parameter["help"])
    if role is None and parameter["name"] not in face.shown:
        made.setFlags(made.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
    return made


def extent_definition(tr: Any) -> QgsProcessingParameterExtent:
    """An area by its bounds, such as that of the canvas."""
    made = QgsProcessingParameterExtent(EXTENT, tr("Extent"), optional=True)
    made.setHelp(tr("Only buildings inside; with an area of interest as well, that counts alone."))
    return made


def _of_role(role: Role, label: str, optional: bool) -> QgsProcessingParameterDefinition:
    name = role.name
    if role.kind == "rasters":
        kind = QgsProcessing.SourceType.TypeRaster
        return QgsProcessingParameterMultipleLayers(name, label, kind, None, optional)
    if role.kind == "raster":
        return QgsProcessingParameterRasterLayer(name, label, None, optional)
    if role.kind == "polygons":
        kinds = [QgsProcessing.SourceType.TypeVectorPolygon]
        return QgsProcessingParameterVectorLayer(name, label, kinds, None, optional)
    if role.kind == "folder":
        behaviour = QgsProcessingParameterFile.Behavior.Folder
        return QgsProcessingParameterFile(name, label, behaviour, "", None, optional)
    if role.kind == "layer_out":
        kind = QgsProcessing.SourceType.TypeVectorPolygon
        return QgsProcessingParameterVectorDestination(name, label, kind, None, optional)
    if role.kind == "folder_out":
        return QgsProcessingParameterFolderDestination(name, label, None, optional)
    pages = "HTML (*.html)" if role.kind == "page_out" else role.filter
    return QgsProcessingParameterFileDestination(name, label, pages, None, optional, False)


def _of_kind(parameter: dict[str, Any], tr: Any) -> QgsProcessingParameterDefinition:
    name, default = qgis_name(parameter, None), parameter["default"]
    label, kind = tr(_label(parameter)), parameter["kind"]
    if kind == "choice":
        choices = parameter["choices"]
        return QgsProcessingParameterEnum(
            name, label, choices, defaultValue=default, optional=True, usesStaticStrings=True
        )
    if kind == "bool" and default is None:
        choices = ["auto", "yes", "no"]
        return QgsProcessingParameterEnum(
            name, label, choices, defaultValue="auto", optional=True, usesStaticStrings=True
        )
    if kind == "bool":
        return QgsProcessingParameterBoolean(name, label, bool(default), True)
    if kind in {"int", "float"}:
        kinds = QgsProcessingParameterNumber.Type
        number = kinds.Integer if kind == "int" else kinds.Double
        return QgsProcessingParameterNumber(name, label, number, default, True)
    return QgsProcessingParameterString(name, label, default, False, True)


def _label(parameter: dict[str, Any]) -> str:
    """For people: the first sentence of the help."""
    first = re.split(r"[.:;](?: |$)", parameter["help"])[0]
    return LABELS.get(parameter["name"]) or first or parameter["name"]


def argument(
    algorithm: Any,
    values: dict[str, Any],
    parameter: dict[str, Any],
    role: Role | None,
    context: Any,
    feedback: Any,
) -> list[str]:
    """The words of a command that give one parameter its value; none where it has none."""
    name = qgis_name(parameter, role)
    if values.get(name) in (None, "", []):
        return []
    if role is not None:
        return _of_files(algorithm, values, parameter, role, context, feedback)
    if parameter["kind"] == "bool":
        return _of_flag(algorithm, values, parameter, context)
    if parameter["kind"] == "choice":
        text = algorithm.parameterAsEnumString(values, name, context)
    elif parameter["kind"] == "int":
        text = str(algorithm.parameterAsInt(values, name, context))
    elif parameter["kind"] == "float":
        text = repr(algorithm.parameterAsDouble(values, name, context))
    else:
        text = algorithm.parameterAsString(values, name, context)
    return [] if text == str(parameter["default"]) else option(parameter, text)


def option(parameter: dict[str, Any], text: str) -> list[str]:
    """A value beside its option; values that begin with a dash stay values."""
    return [f"{parameter['options'][0]}={text}"] if parameter["options"] else [text]


def dashed(name: str) -> str:
    """A parameter's name as an option."""
    return f"--{name.replace('_', '-')}"


def _of_flag(
    algorithm: Any, values: dict[str, Any], parameter: dict[str, Any], context: Any
) -> list[str]:
    name, (yes, *no) = qgis_name(parameter, None), parameter["options"]
    if parameter["default"] is None:
        chosen = algorithm.parameterAsEnumString(values, name, context)
        return {"yes": [yes], "no": no[:1]}.get(chosen, [])
    return [yes] if algorithm.parameterAsBool(values, name, context) else []


def _of_files(
    algorithm: Any,
    values: dict[str, Any],
    parameter: dict[str, Any],
    role: Role,
    context: Any,
    feedback: Any,
) -> list[str]:
    if role.kind == "rasters":
        layers = algorithm.parameterAsLayerList(values, role.name, context)
        return [word for layer in layers for word in option(parameter, raster_source(layer))]
    if role.kind == "raster":
        layer = algorithm.parameterAsRasterLayer(values, role.name, context)
        return option(parameter, raster_source(layer))
    if role.kind == "polygons":
        path, layer_name = algorithm.parameterAsCompatibleSourceLayerPathAndLayerName(
            values, role.name, context, READ, "gpkg", feedback
        )
        if not path:
            raise QgsProcessingException(f"{role.label}: the layer cannot be read")
        words = option(parameter, path)
        return words + ([f"{dashed(role.layer)}={layer_name}"] if layer_name else [])
    if role.kind == "layer_out":
        return option(parameter, algorithm.parameterAsOutputLayer(values, role.name, context))
    if role.kind in {"file_out", "page_out"}:
        return option(parameter, algorithm.parameterAsFileOutput(values, role.name, context))
    return option(parameter, algorithm.parameterAsString(values, role.name, context))


def raster_source(layer: Any) -> str:
    """The file or address behind a raster layer.

    Raises:
        QgsProcessingException: GDAL cannot open what it shows, such as a web map of another provider.
    """
    if layer is None or not layer.isValid():
        raise QgsProcessingException("a raster layer is not valid; its file may have been moved")
    if layer.providerType() != "gdal":
        raise QgsProcessingException(
            f"the layer {layer.name()} comes from {layer.providerType()}, which has no file behind it; "
            "save it as a GeoTIFF (Export, Save As, Raw data), then take that"
        )
    return layer.source().split("|")[0]
