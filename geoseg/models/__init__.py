"""Models: the built-in one, files, and the protocols for your own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.keywords import checked_keywords
from geoseg.models.loading import DEFAULT_WEIGHTS, ModelSpec, load_model
from geoseg.models.protocols import DenseModel, Instance, InstanceModel
from geoseg.settings import Precision, Runtime

if TYPE_CHECKING:
    from geoseg.models.catalogue import ModelEntry
    from geoseg.models.certify import Certificate

__all__ = [
    "DEFAULT_WEIGHTS",
    "DenseModel",
    "Instance",
    "InstanceModel",
    "ModelSpec",
    "certify_model",
    "list_models",
    "load_model",
]


@checked_keywords
def list_models(
    files: str | Path | Sequence[str | Path] = (),
    *,
    html: str | Path | None = None,
    overwrite: bool = False,
) -> list[ModelEntry]:
    """What model files say about themselves, without loading a network.

    Args:
        files: Model files (.safetensors), or "default"; none: the models that come with geoseg.
        html: The card of the one model as a page to write.
        overwrite: Replace ``html`` if it is there already.

    Raises:
        UsageError: A page is asked for and the models are several.
        GeosegError: A file is missing or no model file of geoseg, or the page cannot be written.
    """
    from geoseg.errors import UsageError
    from geoseg.files.target import PAGE, check_target
    from geoseg.models.card import write_card
    from geoseg.models.catalogue import built_in_models, describe_model

    page = None if html is None else check_target(Path(html), PAGE, overwrite=overwrite)
    named = [files] if isinstance(files, str | Path) else files
    entries = [describe_model(file) for file in named] if named else built_in_models()
    if page is not None:
        if len(entries) != 1:
            raise UsageError(f"a page shows one model, and these are {len(entries)}; name one")
        write_card(Path(entries[0].file), page)
    return entries


@checked_keywords
def certify_model(
    model: ModelSpec = "default",
    *,
    device: str = "cpu",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
) -> Certificate:
    """Check whether a model's answer can be independent of how the raster is cut.

    Args:
        model: See ``geoseg.predict``.
        device: "cpu", "cuda", "cuda:1" or "mps": where it is looked at.
        precision: "auto", "fp32", "bf16" or "int8": in what.
        runtime: "auto", "torch", "openvino" or "onnxruntime": by what.

    Returns:
        Whether it can be exact, and what was found against it.

    Raises:
        UsageError: The model predicts separate masks.
        ModelError: The model cannot be used.
    """
    from geoseg.errors import UsageError
    from geoseg.models.certify import certify

    loaded = load_model(model, device=device, precision=precision, runtime=runtime)
    if not isinstance(loaded, DenseModel):
        raise UsageError(
            f"{model} predicts separate masks; only models that predict maps can be certified"
        )
    return certify(loaded)
