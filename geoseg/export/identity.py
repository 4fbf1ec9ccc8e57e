"""What makes two runs the same run: inputs, model and parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue


class InputIdentity(BaseModel):
    """One source raster."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    """Absolute path, or the address of a remote raster."""
    size_bytes: int | None = None
    """None for a remote raster."""
    mtime_ns: int | None = None
    """Time of the last change, nanoseconds since 1970; None for a remote raster."""

    @classmethod
    def of(cls, source: str | Path) -> InputIdentity:
        """The identity of a raster as it is now; anything that is no local file by name alone."""
        path = Path(source)
        if not path.is_file():
            return cls(path=str(source))
        status = path.stat()
        return cls(path=str(path.resolve()), size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)


class RunIdentity(BaseModel):
    """Everything that decides a run's result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str
    """Version of geoseg."""
    inputs: tuple[InputIdentity, ...]
    """The rasters, in the order given."""
    model_sha256: str
    """Hash of the weights."""
    parameters: dict[str, JsonValue]
    """Every option that changes the result."""

    def differences(self, other: RunIdentity) -> list[str]:
        """What ``other`` has different, one short sentence each; empty when the runs are one."""
        return [
            *_changed("geoseg's version", self.version, other.version),
            *_changed_inputs(self.inputs, other.inputs),
            *_changed("the model's sha256", self.model_sha256, other.model_sha256),
            *_changed_parameters(self.parameters, other.parameters),
        ]


def _changed(name: str, before: object, after: object) -> Iterator[str]:
    if before != after:
        yield f"{name} was {before!r} and is {after!r}"


def _changed_inputs(
    before: tuple[InputIdentity, ...], after: tuple[InputIdentity, ...]
) -> Iterator[str]:
    paths = [item.path for item in before], [item.path for item in after]
    if paths[0] != paths[1]:
        yield from _changed("the list of rasters", *paths)
        return
    for old, new in zip(before, after, strict=True):
        if old != new:
            yield f"the raster {new.path} was changed since (another size or time of change)"


def _changed_parameters(
    before: Mapping[str, JsonValue], after: Mapping[str, JsonValue]
) -> Iterator[str]:
    for name in sorted({*before, *after}):
        yield from _changed(name, before.get(name), after.get(name))
