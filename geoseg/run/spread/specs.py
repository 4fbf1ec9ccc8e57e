"""What workers need to know of a run: the model, and the raster with all that is asked of it."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geoseg.errors import GeosegError, UsageError, WorkerError
from geoseg.models.origin import Origin, origin_of
from geoseg.models.runtimes import trial
from geoseg.models.traits import Traits
from geoseg.run.spread.messages import Sealed, packed
from geoseg.run.state.identity import ModelIdentity
from geoseg.version import versions

if TYPE_CHECKING:
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.raster import Mosaic
    from geoseg.raster.identity import MosaicIdentity
    from geoseg.run.finish import Finisher
    from geoseg.run.lookers import Looker

DECISIVE = ("geoseg", "gdal", "proj", "geos", "rasterio", "shapely", "numpy")
"""Libraries of which home and workers must have the same version."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """The model."""

    origin: Origin | None
    """How it was loaded; None: it comes along."""
    pickled: bytes | None
    """The object, where it was not loaded by geoseg."""
    averaged: bool
    """It is to be averaged over two views."""
    identity: ModelIdentity
    """What it must turn out to be."""
    torch_threads: int | None
    """torch adds up otherwise with another number of threads; None: it does not run on this processor."""
    any_processor: bool
    """Another kind of processor will do."""
    tried: dict[str, float]
    """What home found out about int8 and could not keep."""

    @classmethod
    def of(
        cls, model: DenseModel | InstanceModel, *, averaged: bool, any_processor: bool
    ) -> ModelSpec:
        """Of a model before it is averaged.

        Raises:
            UsageError: It cannot be sent.
        """
        origin = origin_of(model)
        return cls(
            origin=origin,
            pickled=None if origin is not None else _pickled(model),
            averaged=averaged,
            identity=ModelIdentity.of(Traits.of(model)),
            torch_threads=_torch_threads(),
            any_processor=any_processor,
            tried=trial.found_here(),
        )

    def load(self, device: str | None = None) -> DenseModel | InstanceModel:
        """The model, in another process; ``device`` is its own of several there, if it has one.

        Raises:
            WorkerError: It is not there, or another one.
        """
        from geoseg.models.averaged import averaged

        if self.torch_threads is not None:
            import torch

            torch.set_num_threads(self.torch_threads)
        trial.believe(self.tried)
        model = self._loaded(device)
        differences = [
            one
            for one in self.identity.differences(ModelIdentity.of(Traits.of(model)))
            if not (self.any_processor and one.startswith("the kind of processor"))
        ]
        if differences:
            raise WorkerError(
                f"the model is not the same there: {'; '.join(differences)}. Install the same versions "
                "and the same model file everywhere; machines of another kind of processor round "
                "otherwise, and are taken with --any-processor"
            )
        return averaged(model) if self.averaged else model

    def _loaded(self, device: str | None) -> DenseModel | InstanceModel:
        if self.origin is not None:
            from geoseg.models import load_model

            how = self.origin
            own = device or how.device
            return load_model(how.spec, device=own, precision=how.precision, runtime=how.runtime)
        model: DenseModel | InstanceModel = _unpickled(self.pickled or b"")
        return model


@dataclass(frozen=True, slots=True)
class RunSpec:
    """The raster, and how tiles are looked at and clusters finished."""

    mosaic: Mosaic
    """As home opened it."""
    inputs: MosaicIdentity
    """What it must turn out to be."""
    looker: Looker
    """How the model is asked."""
    finisher: Finisher | None
    """Finishes clusters; None: nobody asks for that."""
    readers: int
    """Threads that read."""
    skip_errors: bool
    """Go on where blocks cannot be read."""
    versions: dict[str, str]
    """Of the libraries that bear on the result."""

    def require_same(self) -> None:
        """Look at the raster and at the libraries, in another process.

        Raises:
            WorkerError: Something is not the same there.
        """
        now = versions()
        differences = [
            f"{name} {now[name]} instead of {self.versions[name]}"
            for name in DECISIVE
            if now[name] != self.versions[name]
        ]
        if differences:
            raise WorkerError(
                f"its libraries are others ({', '.join(differences)}); install the same versions everywhere"
            )
        differences = list(self.inputs.differences(self.mosaic.identity()))
        if differences:
            raise WorkerError(
                f"it does not see the same raster: {'; '.join(differences)}. Give a path or an address "
                "under which every worker finds it"
            )


def sealed(spec: ModelSpec | RunSpec) -> Sealed:
    """A spec as it is sent."""
    content = packed(spec)
    return Sealed(hashlib.sha256(content).hexdigest(), content)


def _torch_threads() -> int | None:
    torch = sys.modules.get("torch")
    return None if torch is None else int(torch.get_num_threads())


def _pickled(model: object) -> bytes:
    import cloudpickle

    try:
        data: bytes = cloudpickle.dumps(model)
    except (
        TypeError,
        ValueError,
        AttributeError,
        RuntimeError,
        OSError,
        _pickling_error(),
    ) as error:
        raise UsageError(
            f"a model of class {type(model).__name__} cannot be sent to other processes ({error}); name "
            "its file or its class as in package.module:Class, or run with one worker"
        ) from error
    return data


def _pickling_error() -> type[Exception]:
    from pickle import PicklingError

    return PicklingError


def _unpickled(data: bytes) -> Any:  # noqa: ANN401  # a model of anybody's
    import cloudpickle

    try:
        return cloudpickle.loads(data)
    except GeosegError:
        raise
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise WorkerError(
            f"the model object cannot be taken up there ({error}); its class must be importable by every "
            "worker, or be named as in package.module:Class"
        ) from error
