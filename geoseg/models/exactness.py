"""Whether a run's maps may depend on where its tiles lie: said before it starts."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

from geoseg.errors import InexactModelWarning, ModelError, UsageError
from geoseg.models.protocols import DenseModel
from geoseg.models.traits import Traits

if TYPE_CHECKING:
    from geoseg.models.protocols import InstanceModel


def check_exactness(model: DenseModel | InstanceModel, *, required: bool) -> None:
    """Warn of a model whose layers mix the whole image; with ``required``, certify it.

    Raises:
        UsageError: exactness is required of an instance model.
        ModelError: it is required and certification found reasons against it.
    """
    if required:
        _certify(model)
    elif sys.modules.get("torch") is not None and (reasons := _scan(model)):
        warnings.warn(
            f"this model cannot be exact: {'; '.join(reasons)}. Its maps depend on where the tiles "
            "lie; a larger --overlap makes that smaller",
            InexactModelWarning,
            stacklevel=3,
        )


def _certify(model: DenseModel | InstanceModel) -> None:
    if not isinstance(model, DenseModel):
        raise UsageError(
            "--exact needs a model that predicts maps; one that predicts separate masks sees each "
            "tile by itself. Run without --exact: the stitcher unites its pieces"
        )
    from geoseg.models.certify import certify

    certificate = certify(model)
    if not certificate.exact:
        raise ModelError(
            f"{certificate.model} cannot be exact: {'; '.join(certificate.reasons)}. Choose "
            "another model, or run without --exact"
        )


def _scan(model: DenseModel | InstanceModel) -> list[str]:
    from torch import nn

    from geoseg.models.scanning import scan_modules

    network = Traits.of(model).network
    return scan_modules(network) if isinstance(network, nn.Module) else []
