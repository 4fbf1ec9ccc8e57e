"""geoseg: orthophotos to buildings.

Everything heavy is imported when it is first used, so that ``import geoseg`` is instant.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from geoseg.version import __version__

if TYPE_CHECKING:
    from geoseg.accuracy import evaluate
    from geoseg.change import compare
    from geoseg.coco import from_coco, to_coco
    from geoseg.labelled import check_dataset, pack_dataset
    from geoseg.models.protocols import DenseModel, Instance, InstanceModel
    from geoseg.preview import info
    from geoseg.redraw import regularize
    from geoseg.run.predicting import predict
    from geoseg.statistics import report

__all__ = [
    "DenseModel",
    "Instance",
    "InstanceModel",
    "__version__",
    "check_dataset",
    "compare",
    "evaluate",
    "from_coco",
    "info",
    "pack_dataset",
    "predict",
    "regularize",
    "report",
    "to_coco",
]

_HOMES = {
    "DenseModel": "geoseg.models.protocols",
    "Instance": "geoseg.models.protocols",
    "InstanceModel": "geoseg.models.protocols",
    "check_dataset": "geoseg.labelled",
    "compare": "geoseg.change",
    "evaluate": "geoseg.accuracy",
    "from_coco": "geoseg.coco",
    "info": "geoseg.preview",
    "pack_dataset": "geoseg.labelled",
    "predict": "geoseg.run.predicting",
    "regularize": "geoseg.redraw",
    "report": "geoseg.statistics",
    "to_coco": "geoseg.coco",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'geoseg' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
