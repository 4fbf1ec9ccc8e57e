"""What a stopped run has finished, as one small file that says itself whether it is whole."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from geoseg.errors import ResumeError
from geoseg.files.atomic import replacing
from geoseg.files.seal import FileSeal
from geoseg.run.state.identity import RunIdentity

MANIFEST = "manifest.json"
"""Its name."""
START_AFRESH = "With --overwrite instead of --resume the run starts afresh."
"""What always helps."""
CHECKPOINTS = 2
"""States that are kept: when the newest is damaged, the run goes on from the one before."""


class StripEntry(BaseModel):
    """One finished strip."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: int
    """Number of the strip, from the top."""
    rows: int
    """Buildings that were finished with this strip; without any there is no file."""
    first_id: int = 0
    """Smallest building_id in the file."""
    last_id: int = 0
    """Largest building_id in the file."""
    seal: FileSeal | None = None
    """Of the file; None: there is none."""


class Checkpoint(BaseModel):
    """A state that the run can go on from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    strip: int
    """The strip after which it was taken."""
    snapshot: FileSeal | None
    """Of the file with the decoder's state; None: the next strip needs none."""
    counters: dict[str, JsonValue]
    """Whatever the run counts, as of then."""


class Manifest(BaseModel):
    """What is done; the content of ``manifest.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[2] = 2
    """Version of the state's format."""
    identity: RunIdentity
    """The run that this is the state of."""
    strips: tuple[StripEntry, ...] = ()
    """Finished strips, by index."""
    checkpoints: tuple[Checkpoint, ...] = ()
    """The newest, at most CHECKPOINTS, the last one after the last strip."""
    outcome: dict[str, JsonValue] | None = None
    """What the run was summed up to, once its output is complete; None until then."""

    def extended(self, strip: StripEntry, checkpoint: Checkpoint) -> Manifest:
        """With one more strip."""
        return self.model_copy(
            update={
                "strips": (*self.strips, strip),
                "checkpoints": (*self.checkpoints, checkpoint)[-CHECKPOINTS:],
            }
        )

    def rewound(self) -> Manifest | None:
        """As it was before the last strip; None where nothing is known of that."""
        if len(self.strips) > 1 and len(self.checkpoints) < CHECKPOINTS:
            return None
        if not self.strips:
            return None
        return self.model_copy(
            update={"strips": self.strips[:-1], "checkpoints": self.checkpoints[:-1]}
        )


class _Sealed(BaseModel):
    """The file: the manifest and a checksum over it.

    The checksum is that of the content written out again, so that what changes no value, such as a
    space between two words, is no damage.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    crc32: int
    content: Manifest


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Replace the manifest at once."""
    content = manifest.model_dump_json()
    sealed = f'{{"crc32":{_checksum(content)},"content":{content}}}'
    with replacing(folder / MANIFEST) as temporary:
        temporary.write_text(sealed, encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a stopped run.

    Raises:
        ResumeError: It was damaged, changed by hand, or written by another version of geoseg.
    """
    path = folder / MANIFEST
    try:
        sealed = _Sealed.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ResumeError(
            f"cannot resume: {path} is not a manifest that this version of geoseg reads, or was "
            f"damaged. {START_AFRESH}"
        ) from error
    if _checksum(sealed.content.model_dump_json()) != sealed.crc32:
        raise ResumeError(
            f"cannot resume: {path} was damaged or changed, its checksum differs. {START_AFRESH}"
        )
    return sealed.content


def _checksum(content: str) -> int:
    return zlib.crc32(content.encode())
