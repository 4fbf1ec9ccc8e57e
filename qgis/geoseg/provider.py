"""The algorithms of geoseg."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .algorithm import VerbAlgorithm
from .faces import FACES
from .parameters import FORMATS, described


class GeosegProvider(QgsProcessingProvider):
    """geoseg in the toolbox."""

    def id(self) -> str:
        """First part of the algorithms' ids."""
        return "geoseg"

    def name(self) -> str:
        """In the toolbox."""
        return "geoseg"

    def icon(self) -> QIcon:
        """geoseg's own."""
        return QIcon(str(Path(__file__).with_name("icon.svg")))

    def loadAlgorithms(self) -> None:  # noqa: N802
        """One for every verb that has a face."""
        verbs = described()
        for face in FACES:
            if face.verb in verbs:
                self.addAlgorithm(VerbAlgorithm(face, verbs[face.verb]))

    def supportedOutputVectorLayerExtensions(self) -> list[str]:  # noqa: N802
        """What geoseg writes."""
        return FORMATS

    def defaultVectorFileExtension(self, hasGeometry: bool = True) -> str:  # noqa: N802, N803
        """The format that carries its style."""
        del hasGeometry
        return FORMATS[0]
