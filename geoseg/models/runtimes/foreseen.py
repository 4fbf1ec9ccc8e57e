"""What would run a model file here, and in which numbers, found without loading its network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoseg.errors import UsageError
from geoseg.models.extras import INT8_NEEDS_RANGES
from geoseg.models.graph_texts import is_graph
from geoseg.models.runtimes.choosing import runtime_for, takes_int8_by_itself
from geoseg.models.runtimes.dense import held_precision
from geoseg.models.runtimes.library import openvino_version
from geoseg.models.runtimes.trial import check, difference_known, is_wanting
from geoseg.models.weights import holds_ranges, model_sha256, read_metadata

if TYPE_CHECKING:
    from pathlib import Path

    from geoseg.settings import Precision, Runtime


def foreseen(
    path: Path, *, device: str, precision: Precision, runtime: Runtime, built_in: bool
) -> tuple[str, str]:
    """The runtime and the precision of a run to come, as models name theirs.

    Int8 that nobody tried on this processor yet counts as exact; the first run tries it.

    Args:
        path: of a .safetensors file or a graph.
        device: as it is asked for, and so below.
        precision: auto is int8 where ``load_dense`` would take it.
        runtime: as above.
        built_in: whether it is the built-in model.

    Raises:
        ModelError: the file is missing, broken or foreign.
        UsageError: runtime, device and precision do not go together, or int8 is not to be had.
    """
    chosen = runtime_for(path, device=device, precision=precision, runtime=runtime)
    if is_graph(path):
        held = held_precision(path, read_metadata(path), precision)
        return chosen, "fp32" if held == "auto" else held
    if precision == "int8":
        _check_int8(path)
    if precision != "auto":
        return chosen, precision
    by_itself = built_in and chosen == "openvino" and takes_int8_by_itself()
    return chosen, "int8" if by_itself and _is_to_be_had(path) else "fp32"


def _is_to_be_had(path: Path) -> bool:
    try:
        _check_int8(path)
    except UsageError:
        return False
    return True


def _check_int8(path: Path) -> None:
    """Refuse what is known to be refused, by the file and by runs before this one."""
    if not holds_ranges(path):
        raise UsageError(INT8_NEEDS_RANGES)
    sha256 = model_sha256(path)
    if not is_wanting(sha256):
        return  # OpenVINO, which takes a while to load, need not be asked for its version
    difference = difference_known(sha256, openvino_version())
    if difference is not None:
        check(difference)
