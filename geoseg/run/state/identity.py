"""What makes two runs the same run: rasters, model, where it runs, and parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, JsonValue

from geoseg.errors import ResumeError
from geoseg.models.traits import Traits
from geoseg.raster.identity import MosaicIdentity
from geoseg.raster.remote import is_remote
from geoseg.raster.services import is_service


class ModelIdentity(BaseModel):
    """Which model it is, and in what it computes where."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    class_name: str
    """Module and qualified name of its class: the same weights run otherwise in another library."""
    version: str | None
    """What its class states; None: nothing."""
    sha256: str
    """Hash of the weights; empty where they came from no file."""
    device: str
    """Kind of device that it runs on, such as "cpu"; empty: it does not say."""
    precision: str
    """In what it computes, such as "fp32"; empty: it does not say."""
    runtime: str = ""
    """What runs it and of which version, such as "openvino 2026.4.1"; empty: it does not say."""
    processor: str = ""
    """Kind of processor that it computes with, such as "x86_64 avx2"; empty: it runs on a GPU."""

    @classmethod
    def of(cls, traits: Traits) -> Self:
        """The identity of a model."""
        return cls(
            class_name=traits.class_name,
            version=traits.version,
            sha256=traits.sha256,
            device=traits.device_kind,
            precision=traits.precision,
            runtime=traits.runtime,
            processor=traits.processor,
        )

    @property
    def known(self) -> bool:
        """True when another model cannot have the same identity, as far as its author keeps his word."""
        return bool(self.sha256 or self.version)

    def differences(self, other: ModelIdentity) -> Iterator[str]:
        """What ``other`` has different, one short sentence each."""
        yield from _changed("the model's class", self.class_name, other.class_name)
        yield from _changed("the model's version", self.version, other.version)
        yield from _changed("the model's sha256", self.sha256, other.sha256)
        yield from _changed("the device", self.device, other.device)
        yield from _changed("the precision", self.precision, other.precision)
        yield from _changed("the runtime", self.runtime, other.runtime)
        yield from _changed("the kind of processor", self.processor, other.processor)


class RunIdentity(BaseModel):
    """Everything that decides a run's result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    """Version of geoseg."""
    mosaic: MosaicIdentity
    """The rasters, and how they are read."""
    model: ModelIdentity
    """The model."""
    parameters: dict[str, JsonValue]
    """Every option that changes the result."""

    def differences(self, other: RunIdentity) -> list[str]:
        """What ``other`` has different, one short sentence each; empty when the runs are one."""
        return [
            *_changed("geoseg's version", self.version, other.version),
            *self.mosaic.differences(other.mosaic),
            *self.model.differences(other.model),
            *_changed_parameters(self.parameters, other.parameters),
        ]

    @property
    def unknown(self) -> str | None:
        """Why nothing tells this run from another one, as a sentence; None: all is known."""
        if not self.model.known:
            return (
                f"the model {self.model.class_name} states neither a sha256 nor a version, so nothing "
                "tells whether a finished part came of the same one; a class attribute such as "
                'version = "1", raised with every change, lets runs be resumed.'
            )
        if not self.mosaic.unknown:
            return None
        if any(map(is_service, self.mosaic.unknown)):
            return (
                "what a tile service shows may change from one look to the next, so nothing tells whether "
                "a finished part came of the same pixels; a local copy lets runs be resumed."
            )
        named = ", ".join(self.mosaic.unknown[:3])
        why = f"{named} is no file, of which size, time and bytes could be compared"
        if is_remote(self.mosaic.unknown[0]):
            why = f"the server of {named} states neither ETag nor Last-Modified"
        return (
            f"{why}, so nothing tells whether a finished part came of the same pixels; a local copy "
            "lets runs be resumed."
        )

    def require_known(self) -> None:
        """Refuse to go on with a run where nothing tells whether it is the same one.

        Raises:
            ResumeError: The model has neither a hash nor a version, or a server states no version.
        """
        if self.unknown is not None:
            raise ResumeError(f"cannot resume: {self.unknown} Start afresh with --overwrite.")


def _changed(name: str, before: object, after: object) -> Iterator[str]:
    if before != after:
        yield f"{name} was {before!r} and is {after!r}"


def _changed_parameters(
    before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]
) -> Iterator[str]:
    for name in sorted({*before, *after}):
        yield from _changed(name, before.get(name), after.get(name))
