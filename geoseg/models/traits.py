"""What is known of a model, whatever kind of object it is: asked for here and nowhere else.

A model need only offer what its protocol asks for. What more it tells of itself (name, hash, device,
thresholds, calibration) is optional, and an object of anybody's may hold something else under those
names; only what has the right type counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from geoseg.machine import give_large_arrays_back, keep_freed_memory, processor_kind
from geoseg.models.protocols import DenseModel, TogetherModel
from geoseg.models.records import Calibration
from geoseg.models.weights import Decoding, model_sha256, read_metadata

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from geoseg.models.protocols import InstanceModel

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class Traits:
    """What is known of a model."""

    kind: Literal["maps", "masks"]
    """Maps of the whole raster, or separate masks per tile."""
    name: str
    """The model's own name; that of its class where it has none."""
    class_name: str
    """Module and qualified name of its class."""
    version: str | None = None
    """What its class states as its attribute ``version``; None: nothing."""
    sha256: str = ""
    """Hexadecimal SHA-256 of its weights; empty where they came from no file."""
    gsd_m: tuple[float, float] | None = None
    """Range of pixel sizes it was trained for, metres; None: any."""
    heads: tuple[str, ...] = ()
    """Names of its maps in order; empty for separate masks."""
    halo_px: int | None = None
    """How far it sees to one side; None: it does not say, as models of separate masks need not."""
    stride_px: int | None = None
    """Windows must start at multiples of this; None: it does not say."""
    device: str = ""
    """Where it runs, such as "cpu" or "cuda:0"; empty: it does not say."""
    precision: str = ""
    """In what it computes, such as "fp32"; empty: it does not say."""
    runtime: str = ""
    """What runs it and of which version, such as "openvino 2026.4.1"; empty: it does not say."""
    at_once: int = field(default=1, compare=False)
    """Images that it computes at the same time."""
    decoding: Decoding | None = None
    """Its thresholds; None: the decoder's own."""
    calibration: Calibration | None = None
    """How its confidence becomes a probability; None: not at all."""
    tta: bool = False
    """True when its thresholds were chosen on maps averaged over two views."""
    tta_native: bool = False
    """True when photos that need not be enlarged are to be looked at in two views all the same."""
    averaged: bool = False
    """True when it averages its maps over two views as it is."""
    network: object = field(default=None, repr=False, compare=False)
    """Its torch module, images to logits; None where it shows none."""

    @classmethod
    def of(cls, model: DenseModel | InstanceModel) -> Self:
        """Of any model; one that wraps another states its own as the attribute ``traits``."""
        own = getattr(model, "traits", None)
        return own if isinstance(own, cls) else cls._asked(model)

    @classmethod
    def _asked(cls, model: DenseModel | InstanceModel) -> Self:
        kind, metadata = type(model), getattr(model, "metadata", None)
        version = getattr(kind, "version", None)
        maps = isinstance(model, DenseModel)
        return cls(
            kind="maps" if maps else "masks",
            name=str(getattr(model, "name", kind.__name__)),
            class_name=f"{kind.__module__}.{kind.__qualname__}",
            version=str(version) if isinstance(version, str | int | float) else None,
            sha256=str(getattr(model, "sha256", "")),
            gsd_m=model.gsd_m,
            heads=tuple(model.heads) if isinstance(model, DenseModel) else (),
            halo_px=getattr(model, "halo_px", None),
            stride_px=getattr(model, "stride_px", None),
            device=str(getattr(model, "device", "")),
            precision=str(getattr(model, "precision", "")),
            runtime=str(getattr(model, "runtime", "")),
            at_once=model.at_once if isinstance(model, TogetherModel) else 1,
            decoding=_part(metadata, "decoding", Decoding),
            calibration=_part(metadata, "calibration", Calibration),
            tta=maps and bool(_part(metadata, "tta", bool)),
            tta_native=maps and bool(_part(metadata, "tta_native", bool)),
            network=getattr(model, "network", None),
        )

    @classmethod
    def of_file(cls, path: Path, *, runtime: str = "", precision: str = "") -> Self:
        """Of a model file that predicts maps, from its header alone.

        Args:
            path: of the file.
            runtime: what would run it; empty: nobody asked, and so below.
            precision: in what it would compute.

        Raises:
            ModelError: it is missing, broken or foreign.
        """
        metadata = read_metadata(path)
        return cls(
            kind="maps",
            name=metadata.name,
            class_name="geoseg.models.dense.TorchDenseModel",
            sha256=model_sha256(path),
            gsd_m=metadata.gsd_m,
            heads=metadata.architecture.heads,
            halo_px=metadata.halo_px,
            stride_px=metadata.architecture.stride_px,
            precision=precision,
            runtime=runtime,
            decoding=metadata.decoding,
            calibration=metadata.calibration,
            tta=metadata.tta,
            tta_native=metadata.tta_native,
        )

    def averages(self, wanted: bool | None, *, enlarged: bool) -> bool:
        """Whether its maps of a photo are averaged over two views in the end.

        Args:
            wanted: As was asked for; None: as its file says. What averages as it is does so anyway.
            enlarged: Whether it is shown a photo in more pixels than that has.
        """
        if wanted is None:
            wanted = self.tta or (self.tta_native and not enlarged)
        return wanted or self.averaged

    @property
    def device_kind(self) -> str:
        """The device without its number, such as "cuda"; empty: the model does not say."""
        return self.device.partition(":")[0]

    @property
    def on_gpu(self) -> bool:
        """True when it says that it runs elsewhere than on the processor."""
        return self.device_kind not in {"", "cpu"}

    @property
    def allocates_anew(self) -> bool:
        """Whether its network asks for the memory of every layer anew."""
        return self.device_kind == "cpu" and not self._is_openvino

    @property
    def memory_rule(self) -> Callable[[], None] | None:
        """What becomes of freed memory while its network runs; None: what is usual.

        OpenVINO's has its memory once for all, so that what others free need not be kept.
        """
        if self.allocates_anew:
            return keep_freed_memory
        return give_large_arrays_back if self._is_openvino else None

    @property
    def compiles_long(self) -> bool:
        """Whether a graph for one size of window takes longer to compile than a tile to compute."""
        return self.precision == "int8" and self._is_openvino

    @property
    def _is_openvino(self) -> bool:
        return self.runtime.startswith("openvino")

    @property
    def processor(self) -> str:
        """The kind of processor that it computes with; empty: it runs on a GPU."""
        return "" if self.on_gpu else processor_kind()

    def as_dict(self) -> dict[str, Any]:
        """What identifies the model, ready for JSON."""
        return {
            "name": self.name,
            "sha256": self.sha256,
            "class": self.class_name,
            "version": self.version,
        }


def _part(metadata: object, name: str, kind: type[Part]) -> Part | None:
    found = getattr(metadata, name, None)
    return found if isinstance(found, kind) else None
