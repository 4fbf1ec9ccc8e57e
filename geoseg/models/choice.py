"""Which model is asked, and how."""

from __future__ import annotations

from dataclasses import dataclass, field

from geoseg.models.exactness import check_exactness
from geoseg.models.loading import ModelSpec, load_model
from geoseg.models.protocols import DenseModel, InstanceModel
from geoseg.settings import Precision, Runtime


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model as somebody asked for it."""

    model: ModelSpec
    """As ``load_model`` takes it."""
    device: str
    """What it shall run on; an object keeps its own, and so below."""
    precision: Precision
    """In what it shall compute."""
    runtime: Runtime
    """What shall run it."""
    tta: bool | None = field(kw_only=True)
    """Whether its maps are averaged over two views; None: as the model says."""
    exact: bool = field(kw_only=True)
    """Refuse what certification does not find exact."""

    def found(self) -> DenseModel | InstanceModel:
        """The model, as it is.

        Raises:
            GeosegError: as ``load_model``.
        """
        return load_model(
            self.model, device=self.device, precision=self.precision, runtime=self.runtime
        )

    def loaded(self) -> DenseModel | InstanceModel:
        """The model, its exactness looked at; not averaged yet.

        Raises:
            GeosegError: as ``load_model`` and ``check_exactness``.
        """
        model = self.found()
        check_exactness(model, required=self.exact)
        return model
