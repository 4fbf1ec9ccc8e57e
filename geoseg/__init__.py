"""geoseg: orthophotos to buildings.

Everything heavy is imported when it is first used, so that ``import geoseg`` is instant.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

from geoseg.version import __version__

if any(name.startswith(("PROJ_", "GDAL_", "OGR_")) for name in os.environ):
    # Before anything loads GDAL or PROJ.
    import logging

    from geoseg.machine import ignore_foreign_data

    for _told in ignore_foreign_data():
        logging.getLogger(__name__).warning(_told)

if TYPE_CHECKING:
    from geoseg.accuracy import evaluate, evaluate_model
    from geoseg.accuracy.evaluation import Evaluation
    from geoseg.change import compare
    from geoseg.change.build import Comparison
    from geoseg.checkup import doctor
    from geoseg.checkup.bench import bench
    from geoseg.checkup.outcome import Checkup
    from geoseg.checkup.rates import Benchmark
    from geoseg.city import convert
    from geoseg.city.outcome import Converted
    from geoseg.coco import from_coco, to_coco
    from geoseg.coco.read import Imported
    from geoseg.coco.write import Exported
    from geoseg.errors import GeosegError
    from geoseg.heights import add_heights
    from geoseg.heights.outcome import Heights
    from geoseg.labelled import check_dataset, pack_dataset
    from geoseg.labelled.checking import Checked
    from geoseg.labelled.pack import Packed
    from geoseg.models import certify_model, list_models, load_model
    from geoseg.models.catalogue import ModelEntry
    from geoseg.models.certify import Certificate
    from geoseg.models.exporting import ExportedModel, export_model
    from geoseg.models.protocols import DenseModel, Instance, InstanceModel
    from geoseg.preview import info
    from geoseg.preview.describe import MosaicInfo
    from geoseg.progress import ProgressReport
    from geoseg.projects import project
    from geoseg.projects.outcome import Project
    from geoseg.redraw import recompute, regularize
    from geoseg.redraw.outcome import Recomputed, Regularized
    from geoseg.reviewing import review
    from geoseg.reviewing.outcome import Review
    from geoseg.run.predicting import predict
    from geoseg.run.storing import StoredPart, maps
    from geoseg.run.summary import Summary
    from geoseg.settings import PredictSettings
    from geoseg.shaping.settings import RegularizeSettings
    from geoseg.statistics import report
    from geoseg.statistics.build import AreaReport
    from geoseg.train import train_model, tune_model
    from geoseg.train.config import TrainConfig
    from geoseg.train.results import Training, Tuning
    from geoseg.upkeep import update
    from geoseg.upkeep.outcome import Updated

__all__ = [
    "AreaReport",
    "Benchmark",
    "Certificate",
    "Checked",
    "Checkup",
    "Comparison",
    "Converted",
    "DenseModel",
    "Evaluation",
    "Exported",
    "ExportedModel",
    "GeosegError",
    "Heights",
    "Imported",
    "Instance",
    "InstanceModel",
    "ModelEntry",
    "MosaicInfo",
    "Packed",
    "PredictSettings",
    "ProgressReport",
    "Project",
    "Recomputed",
    "RegularizeSettings",
    "Regularized",
    "Review",
    "StoredPart",
    "Summary",
    "TrainConfig",
    "Training",
    "Tuning",
    "Updated",
    "__version__",
    "add_heights",
    "bench",
    "certify_model",
    "check_dataset",
    "compare",
    "convert",
    "doctor",
    "evaluate",
    "evaluate_model",
    "export_model",
    "from_coco",
    "info",
    "list_models",
    "load_model",
    "maps",
    "pack_dataset",
    "predict",
    "project",
    "recompute",
    "regularize",
    "report",
    "review",
    "to_coco",
    "train_model",
    "tune_model",
    "update",
]

_HOMES = {
    "AreaReport": "geoseg.statistics.build",
    "Benchmark": "geoseg.checkup.rates",
    "Certificate": "geoseg.models.certify",
    "Checked": "geoseg.labelled.checking",
    "Checkup": "geoseg.checkup.outcome",
    "Comparison": "geoseg.change.build",
    "Converted": "geoseg.city.outcome",
    "DenseModel": "geoseg.models.protocols",
    "Evaluation": "geoseg.accuracy.evaluation",
    "Exported": "geoseg.coco.write",
    "ExportedModel": "geoseg.models.exporting",
    "GeosegError": "geoseg.errors",
    "Heights": "geoseg.heights.outcome",
    "Imported": "geoseg.coco.read",
    "Instance": "geoseg.models.protocols",
    "InstanceModel": "geoseg.models.protocols",
    "ModelEntry": "geoseg.models.catalogue",
    "MosaicInfo": "geoseg.preview.describe",
    "Packed": "geoseg.labelled.pack",
    "PredictSettings": "geoseg.settings",
    "ProgressReport": "geoseg.progress",
    "Project": "geoseg.projects.outcome",
    "Recomputed": "geoseg.redraw.outcome",
    "RegularizeSettings": "geoseg.shaping.settings",
    "Regularized": "geoseg.redraw.outcome",
    "Review": "geoseg.reviewing.outcome",
    "StoredPart": "geoseg.run.storing",
    "Summary": "geoseg.run.summary",
    "TrainConfig": "geoseg.train.config",
    "Training": "geoseg.train.results",
    "Tuning": "geoseg.train.results",
    "Updated": "geoseg.upkeep.outcome",
    "add_heights": "geoseg.heights",
    "bench": "geoseg.checkup.bench",
    "certify_model": "geoseg.models",
    "check_dataset": "geoseg.labelled",
    "compare": "geoseg.change",
    "convert": "geoseg.city",
    "doctor": "geoseg.checkup",
    "evaluate": "geoseg.accuracy",
    "evaluate_model": "geoseg.accuracy",
    "export_model": "geoseg.models.exporting",
    "from_coco": "geoseg.coco",
    "info": "geoseg.preview",
    "list_models": "geoseg.models",
    "load_model": "geoseg.models",
    "maps": "geoseg.run.storing",
    "pack_dataset": "geoseg.labelled",
    "predict": "geoseg.run.predicting",
    "project": "geoseg.projects",
    "recompute": "geoseg.redraw",
    "regularize": "geoseg.redraw",
    "report": "geoseg.statistics",
    "review": "geoseg.reviewing",
    "to_coco": "geoseg.coco",
    "train_model": "geoseg.train",
    "tune_model": "geoseg.train",
    "update": "geoseg.upkeep",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'geoseg' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
