"""Models: the built-in one, files, and the protocols for your own."""

from geoseg.models.loading import DEFAULT_WEIGHTS, ModelSpec, load_model
from geoseg.models.protocols import DenseModel, Instance, InstanceModel

__all__ = [
    "DEFAULT_WEIGHTS",
    "DenseModel",
    "Instance",
    "InstanceModel",
    "ModelSpec",
    "load_model",
]
