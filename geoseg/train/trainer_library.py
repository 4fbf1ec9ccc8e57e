"""The trainer library, imported after torchvision is whole: lightning's metrics import it."""

from geoseg.models.torchvision_repair import ensure_torchvision

ensure_torchvision()

import lightning  # noqa: E402 - see above
from lightning.fabric.utilities.exceptions import (  # noqa: E402 - see above
    MisconfigurationException,
)
from lightning.pytorch import callbacks, loggers  # noqa: E402 - see above

__all__ = ["MisconfigurationException", "callbacks", "lightning", "loggers"]
