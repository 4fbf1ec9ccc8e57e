"""A verb of geoseg as a Processing algorithm."""

from __future__ import annotations

import os
import json
import re
from pathlib import Path
from typing import Any

from qgis.core import (
    QgsCoordinateTransform,
    QgsGeometry,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingOutputNumber,
    QgsProcessingOutputString,
)
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QIcon

from . import engine, finding, parameters
from .faces import Face

RESULT = "RESULT"


class VerbAlgorithm(QgsProcessingAlgorithm):
    """Runs one verb in geoseg's own process."""

    def __init__(self, face: Face, verb: dict[str, Any]) -> None:
        super().__init__()
        self._face, self._verb = face, verb

    def createInstance(self) -> VerbAlgorithm:  # noqa: N802
        """Another one."""
        return VerbAlgorithm(self._face, self._verb)

    def name(self) -> str:
        """Part of the id."""
        return self._face.verb

    def displayName(self) -> str:  # noqa: N802
        """In the toolbox."""
        return self.tr(self._face.title)

    def tags(self) -> list[str]:
        """To be found by."""
        return [self.tr(tag) for tag in self._face.tags]

    def icon(self) -> QIcon:
        """geoseg's own."""
        return QIcon(str(Path(__file__).with_name("icon.svg")))

    def shortDescription(self) -> str:  # noqa: N802
        """One sentence."""
        return self._verb["help"][0]

    def shortHelpString(self) -> str:  # noqa: N802
        """Beside the dialog."""
        parts = [*self._verb["help"], f"On the command line: {self._verb['example']}"]
        return "".join(f"<p>{_escaped(part)}</p>" for part in parts)

    @staticmethod
    def tr(text: str) -> str:
        """In the user's language, where there is a translation."""
        return QCoreApplication.translate("geoseg", text)

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:  # noqa: N802
        """Declare parameters and outputs."""
        del configuration
        for parameter, role in parameters.roles_first(self._face, self._verb):
            if self._face.extent and role is not None and role.kind.endswith("_out"):
                self._add_extent()
            self.addParameter(parameters.definition(self._face, parameter, role, self.tr))
        for name, label in self._face.results.items():
            self.addOutput(QgsProcessingOutputNumber(name.upper(), self.tr(label)))
        self.addOutput(QgsProcessingOutputString(RESULT, self.tr("What geoseg said, as JSON")))

    def _add_extent(self) -> None:
        if self.parameterDefinition(parameters.EXTENT) is None:
            self.addParameter(parameters.extent_definition(self.tr))

    def processAlgorithm(
        self, values: dict[str, Any], context: Any, feedback: Any
    ) -> dict[str, Any]:  # noqa: N802
        """Run it."""
        environment = finding.environment()
        try:
            found = finding.engine(environment)
            given = self._given(values, context, feedback)
            words = self._command(given, values, context)
            feedback.pushCommandInfo(" ".join(["geoseg", *map(_quoted, words)]))
            outcome = engine.run(
                found, words, environment, lambda told: _tell(told, feedback), feedback.isCanceled
            )
        except engine.EngineError as error:
            raise QgsProcessingException(str(error)) from error
        if outcome.cancelled:
            feedback.pushInfo(self.tr("Stopped. What is finished is kept: tick Resume to go on."))
            return {}
        if outcome.code:
            raise QgsProcessingException(outcome.error)
        return self._results(given, feedback, outcome.result or {})

    def _given(
        self, values: dict[str, Any], context: Any, feedback: Any
    ) -> list[tuple[Any, Any, list[str]]]:
        """Parameter, role and words of each; asked for once, since every question for a temporary output
        makes another one.
        """
        return [
            (one, role, parameters.argument(self, values, one, role, context, feedback))
            for one, role in parameters.roles_first(self._face, self._verb)
        ]

    def _command(
        self, given: list[tuple[Any, Any, list[str]]], values: dict[str, Any], context: Any
    ) -> list[str]:
        """Verb, options, then the arguments."""
        options, arguments = [], []
        for parameter, role, words in given:
            named = f"{parameters.dashed(role.layer)}=" if role and role.layer else ""
            layer = [word for word in words if named and word.startswith(named)]
            rest = [word for word in words if word not in layer]
            options.extend(layer)
            (options if parameter["options"] else arguments).extend(rest)
        if self._face.extent and values.get(parameters.EXTENT) not in (None, ""):
            if not any(word.startswith("--aoi=") for word in options):
                options.append(f"--aoi={self._extent_file(values, context)}")
        known = {name for p in self._verb["parameters"] for name in p["options"]}
        always = [name for name in ("--overwrite", "--json") if name in known]
        if "--overwrite" in always and "--resume" in options:
            always.remove("--overwrite")
        if "--progress" in known:
            always.append("--progress=json")
        return [self._face.verb, *options, *always, "--", *arguments]

    def _extent_file(self, values: dict[str, Any], context: Any) -> str:
        """The extent as a polygon in WGS 84, which GeoJSON has always."""
        from qgis.core import QgsCoordinateReferenceSystem, QgsProcessingUtils

        bounds = self.parameterAsExtentGeometry(
            values, parameters.EXTENT, context, QgsCoordinateReferenceSystem("EPSG:4326")
        )
        path = QgsProcessingUtils.generateTempFilename("area.geojson")
        feature = '{"type":"Feature","properties":{},"geometry":%s}' % bounds.asJson(17)
        text = '{"type":"FeatureCollection","features":[%s]}' % feature
        Path(path).write_text(text, encoding="utf-8")
        return path

    def _results(
        self, given: list[tuple[Any, Any, list[str]]], feedback: Any, said: dict[str, Any]
    ) -> dict[str, Any]:
        results: dict[str, Any] = {RESULT: json.dumps(said)}
        for name in self._face.results:
            results[name.upper()] = said.get(name)
        for _, role, words in given:
            if role is not None and role.kind.endswith("_out") and words:
                results[role.name] = words[-1].split("=", 1)[-1]
        for line in _lines(said):
            feedback.pushInfo(line)
        return results


def _buildings(number: int) -> str:
    return f"{number:,} building{'' if number == 1 else 's'}"


def _tell(told: dict[str, Any] | str, feedback: Any) -> None:
    if isinstance(told, str):
        warns = told.lower().startswith(("warning", "error"))
        (feedback.pushWarning if warns else feedback.pushInfo)(told)
        return
    if told.get("total"):
        feedback.setProgress(100 * told["done"] / told["total"])
    left = told.get("seconds_left")
    rest = "" if left is None else f", {_duration(left)} left"
    found = "" if told.get("buildings") is None else f", {_buildings(told['buildings'])}"
    feedback.setProgressText(f"{told.get('stage', '')}{found}{rest}")
    if told.get("note"):
        feedback.pushInfo(told["note"])


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _lines(said: dict[str, Any]) -> list[str]:
    """The plain facts of a result."""
    plain = (str, int, float)
    return [f"{name}: {value}" for name, value in said.items() if isinstance(value, plain)]


def _quoted(word: str) -> str:
    return word if re.fullmatch(r"[\w./:=,+-]+", word) else f'"{word}"'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
