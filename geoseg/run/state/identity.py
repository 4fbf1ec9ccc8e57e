"""What makes two runs the same run: rasters, model, where it runs, and parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel, ConfigDict, JsonValue

from geoseg.raster.identity import MosaicIdentity


class RunIdentity(BaseModel):
    """Everything that decides a run's result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    """Version of geoseg."""
    mosaic: MosaicIdentity
    """The rasters, and how they are read."""
    model_sha256: str
    """Hash of the weights."""
    device: str
    """Kind of device that the model runs on, such as "cpu"; empty: it does not say."""
    precision: str
    """In what it computes, such as "fp32"; empty: it does not say."""
    parameters: dict[str, JsonValue]
    """Every option that changes the result."""

    def differences(self, other: RunIdentity) -> list[str]:
        """What ``other`` has different, one short sentence each; empty when the runs are one."""
        return [
            *_changed("geoseg's version", self.version, other.version),
            *self.mosaic.differences(other.mosaic),
            *_changed("the model's sha256", self.model_sha256, other.model_sha256),
            *_changed("the device", self.device, other.device),
            *_changed("the precision", self.precision, other.precision),
            *_changed_parameters(self.parameters, other.parameters),
        ]


def _changed(name: str, before: object, after: object) -> Iterator[str]:
    if before != after:
        yield f"{name} was {before!r} and is {after!r}"


def _changed_parameters(
    before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]
) -> Iterator[str]:
    for name in sorted({*before, *after}):
        yield from _changed(name, before.get(name), after.get(name))
