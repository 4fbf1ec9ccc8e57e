"""What model files say about themselves, without loading a network."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from geoseg.models.graph_texts import is_graph, weights_of
from geoseg.models.loading import DEFAULT_WEIGHTS, model_file
from geoseg.models.runtimes.graph import can_be_built
from geoseg.models.weights import holds_ranges, model_sha256, read_metadata
from geoseg.pages.notebook import Shown

if TYPE_CHECKING:
    from pathlib import Path

    from geoseg.models.adapters.maskrcnn_network import MaskRcnnRecord
    from geoseg.models.weights import Metadata


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ModelEntry(Shown):
    """One model file."""

    use: str
    """What to give to ``--model``."""
    kind: Literal["maps", "masks"]
    """Maps of the whole raster, or separate masks per tile."""
    name: str
    """The model's own name."""
    file: str
    """Where it lies."""
    size_mb: float
    """Size of the file, 10^6 bytes."""
    sha256: str
    """Of the file."""
    network: str
    """Architecture, in words."""
    heads: tuple[str, ...]
    """Names of the maps; ("mask",) for separate masks."""
    gsd_m: tuple[float, float] | None
    """Range of pixel sizes, metres; None: any."""
    halo_px: int | None
    """How far the network sees, rounded up to the stride; None for separate masks."""
    stride_px: int | None
    """Tiles begin at multiples of it; None for separate masks."""
    exact: bool
    """True when its record says that tiles equal the whole raster; ``geoseg certify`` shows it."""
    int8_lacks: str | None
    """Why ``--precision int8`` does not run it, as a phrase; None: it does."""
    tta: bool
    """True when it predicts on the mean of its maps over two views, unless told otherwise."""
    tta_native: bool
    """True when it does so for photos that need not be enlarged."""
    thresholds: dict[str, float]
    """By which its answers become buildings."""
    calibrated: bool
    """True when ``confidence`` is an estimated probability."""
    scores: dict[str, dict[str, float]]
    """Held-out place to score to value."""
    sources: tuple[dict[str, str], ...]
    """Name and licence of what it learnt from."""
    training: dict[str, str]
    """How it was trained, in words."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def built_in_models() -> list[ModelEntry]:
    """The models that come with geoseg, the default first."""
    files = sorted(DEFAULT_WEIGHTS.parent.glob("*.safetensors"))
    return [describe_model(path) for path in sorted(files, key=lambda f: f != DEFAULT_WEIGHTS)]


def describe_model(file: str | Path) -> ModelEntry:
    """What a file says about itself; a built-in model may be named, such as "default".

    Raises:
        ModelError: it is missing or no model file of geoseg.
    """
    path = model_file(file)
    record = _maskrcnn_record(path)
    return _maps_entry(path) if record is None else _masks_entry(path, record)


def _maps_entry(path: Path) -> ModelEntry:
    metadata = read_metadata(path)
    built = metadata.architecture
    return ModelEntry(
        use=path.stem if path.parent == DEFAULT_WEIGHTS.parent else str(path),
        kind="maps",
        name=metadata.name,
        file=str(path),
        size_mb=_size_mb(path),
        sha256=model_sha256(path),
        network=f"{built.family}, encoder {built.encoder}, depth {built.depth}",
        heads=built.heads,
        gsd_m=metadata.gsd_m,
        halo_px=metadata.halo_px,
        stride_px=built.stride_px,
        exact=_is_exact(metadata),
        int8_lacks=_int8_lacks(path, metadata),
        tta=metadata.tta,
        tta_native=metadata.tta_native,
        thresholds=metadata.decoding.model_dump(),
        calibrated=metadata.calibration is not None,
        scores=metadata.metrics,
        sources=tuple(source.model_dump() for source in metadata.sources),
        training=metadata.training,
    )


def _is_exact(metadata: Metadata) -> bool:
    """By the certificate of a graph; training refuses networks that see the whole image."""
    if metadata.graph is None or metadata.graph.certificate is None:
        return metadata.architecture.family == "unet"
    return metadata.graph.certificate.get("exact") is True


def _int8_lacks(path: Path, metadata: Metadata) -> str | None:
    if is_graph(path):
        return (
            None
            if metadata.graph_precision == "int8"
            else "the graph was exported in another precision"
        )
    if not can_be_built(metadata.architecture):
        return "it is for networks on an EfficientNet lite encoder"
    return None if holds_ranges(path) else "its ranges were not measured; geoseg tune does so"


def _masks_entry(path: Path, record: MaskRcnnRecord) -> ModelEntry:
    return ModelEntry(
        use=f"maskrcnn:{path}",
        kind="masks",
        name=record.name,
        file=str(path),
        size_mb=_size_mb(path),
        sha256=model_sha256(path),
        network=f"Mask R-CNN {record.version} on {record.backbone}",
        heads=("mask",),
        gsd_m=record.gsd_m,
        halo_px=None,
        stride_px=None,
        exact=False,
        int8_lacks="it is for dense models alone",
        tta=False,
        tta_native=False,
        thresholds={"score_threshold": record.score_threshold},
        calibrated=False,
        scores={},
        sources=tuple(source.model_dump() for source in record.sources),
        training=record.training,
    )


def _maskrcnn_record(path: Path) -> MaskRcnnRecord | None:
    """The record of a Mask R-CNN; None for any other file, which ``read_metadata`` judges."""
    from pydantic import ValidationError
    from safetensors import SafetensorError, safe_open

    from geoseg.errors import ModelError

    try:
        with safe_open(path, framework="numpy") as file:
            text = (file.metadata() or {}).get("geoseg_maskrcnn")
    except (OSError, SafetensorError):
        return None
    if text is None:
        return None
    from geoseg.models.adapters.maskrcnn_network import MaskRcnnRecord

    try:
        return MaskRcnnRecord.model_validate_json(text)
    except ValidationError as error:
        raise ModelError(
            f"the record of a Mask R-CNN in {path} is not valid: {error.errors()[0]['msg']}; write "
            "the file again with geoseg.models.adapters.maskrcnn.save_maskrcnn"
        ) from error


def _size_mb(path: Path) -> float:
    parts = {path, weights_of(path)}
    return round(sum(part.stat().st_size for part in parts if part.is_file()) / 1e6, 2)
