"""A model's card: what its file says about itself, for people. Never written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoseg.models.graph_texts import is_graph
from geoseg.models.weights import read_metadata

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geoseg.models.records import Calibration, Curve, LogOdds, Validation
    from geoseg.models.weights import Decoding, Metadata

_NOT_TRAINED = ("running_mean", "running_var", "num_batches_tracked")

_QUALITY_NAMES = {
    "mean_body": "mean of body",
    "area_m2": "area, m²",
    "free_walls": "free share of the outline",
}


def render_card(path: Path) -> str:
    """The card of a model file, as Markdown."""
    metadata = read_metadata(path)
    parts = [
        f"# {metadata.name}",
        "Building roofs in RGB orthophotos and satellite images.",
        "\n".join(_facts(path, metadata)),
        *_calibration_part(metadata.calibration, metadata.validation),
        *_scores_part(metadata),
        *_notes_part(metadata),
        *_sources_part(metadata),
        "This card is written from the model file by geoseg.",
    ]
    return "\n\n".join(parts) + "\n"


def write_card(model: Path, page: Path) -> None:
    """Write the card of a model file as an HTML page; what the file says is escaped.

    Raises:
        OutputError: the page cannot be written.
    """
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    from geoseg.files.atomic import output_errors, write_text
    from geoseg.pages.document import environment, static

    title, _, text = render_card(model).partition("\n")
    # Markup that the file brings along is shown as text.
    card = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    template = environment("geoseg.pages").get_template("card.html")
    shown = template.render(
        title=title.removeprefix("# "),
        card=Markup(card),  # noqa: S704  # escaped by the renderer
        style=static("geoseg.pages", "card.css"),
        figures=(),
    )
    with output_errors(page):
        write_text(shown, page)


def count_parameters(path: Path) -> int:
    """Trained numbers in a model file."""
    from safetensors import safe_open

    total = 0
    with safe_open(path, framework="pt") as file:
        for name in file.keys():  # noqa: SIM118  # no mapping
            size = 1
            for length in file.get_slice(name).get_shape():
                size *= length
            total += 0 if name.endswith(_NOT_TRAINED) else size
    return total


def _facts(path: Path, metadata: Metadata) -> Iterator[str]:
    architecture, decoding = metadata.architecture, metadata.decoding
    yield from ("| | |", "|---|---|")
    yield (
        f"| network | {architecture.family}, encoder {architecture.encoder}, depth "
        f"{architecture.depth}, {_size(path)} |"
    )
    yield f"| input | {', '.join(metadata.bands)}, 8 bit, {_gsd(metadata)} |"
    yield f"| output | maps of {', '.join(architecture.heads)} |"
    yield f"| halo | {metadata.halo_px} px, stride {architecture.stride_px} px |"
    if metadata.training:
        training = ", ".join(f"{name} {value}" for name, value in metadata.training.items())
        yield f"| training | {training} |"
    yield (
        f"| thresholds | body {decoding.body_threshold:g}, seed {decoding.seed_threshold:g}, "
        f"{_join(decoding)}contact weight {decoding.contact_weight:g}, edge weight {decoding.edge_weight:g}, least "
        f"mean body {decoding.min_mean_body:g}{_least_probability(metadata)} |"
    )
    if metadata.tta:
        yield (
            "| views | maps are the mean over the image and itself turned by half, unless --no-tta is given; "
            "the thresholds were chosen so |"
        )
    elif metadata.tta_native:
        yield (
            "| views | maps of photos that need not be enlarged are the mean over the image and itself turned by half, "
            "unless --no-tta is given; others are looked at once, unless --tta is |"
        )
    yield f"| confidence | {_confidence(metadata)} |"
    yield f"| geoseg | {metadata.geoseg_version} |"


def _size(path: Path) -> str:
    size = f"{path.stat().st_size / 1e6:.1f} MB"
    if is_graph(path):
        return f"a graph of {size}"
    return f"{count_parameters(path) / 1e6:.1f} million parameters, {size}"


def _join(decoding: Decoding) -> str:
    return f"joins {decoding.join_threshold:g}, " if decoding.joins else ""


def _gsd(metadata: Metadata) -> str:
    if metadata.gsd_m is None:
        return "at any pixel size"
    low, high = metadata.gsd_m
    if low == high:
        return f"{low:g} m per pixel; finer rasters are averaged down to it, coarser ones enlarged"
    return (
        f"{low:g} to {high:g} m per pixel; finer rasters are averaged down to {low:g} m, coarser "
        f"ones enlarged to {high:g} m"
    )


def _least_probability(metadata: Metadata) -> str:
    calibration = metadata.calibration
    return "" if calibration is None else f", least probability {calibration.min_probability:g}"


def _huts(calibration: Calibration) -> str:
    if not calibration.house_m2:
        return ""
    return (
        f" Where many buildings hang together that are usually smaller than "
        f"{calibration.huts_m2:g} m², areas count more (docs/model.md)."
    )


def _confidence(metadata: Metadata) -> str:
    if metadata.calibration is None:
        return "raw mean of body, not calibrated"
    if metadata.calibration.inherited:
        return (
            "calibrated for the model that the training started from; `geoseg tune` fits it to this"
        )
    return "calibrated: estimated probability that the building is real with IoU >= 0.5"


def _calibration_part(
    calibration: Calibration | None, validation: Validation | None
) -> Iterator[str]:
    if calibration is None:
        return
    yield "## Confidence"
    yield (
        f"The log odds are {calibration.intercept:g} and what each curve adds, straight between "
        f"the values given and constant beyond them.{_huts(calibration)}"
    )
    yield _curve_tables(calibration)
    if validation is not None and validation.ece is not None:
        yield (
            f"Fitted on {validation.buildings} predicted buildings. On {validation.folds} left out "
            f"in turn, the expected calibration error is {validation.ece:.3f} (raw mean of body: "
            f"{validation.ece_raw:.3f}), the Brier score {validation.brier:.3f} "
            f"({validation.brier_raw:.3f})."
        )
    if calibration.presence is not None:
        yield "## Presence"
        yield (
            f"The estimated probability that a building is there at all, whatever its outline: that half of it or "
            f"more lies on roofs. The log odds are {calibration.presence.intercept:g} and what each curve adds."
        )
        yield _curve_tables(calibration.presence)


def _curve_tables(odds: LogOdds) -> str:
    curves = ((_QUALITY_NAMES[name], curve) for name, curve in odds.curves.items())
    return "\n\n".join(_curve_table(name, curve) for name, curve in curves if any(curve.adds))


def _curve_table(title: str, curve: Curve) -> str:
    cells = " | ".join(f"{value:g}" for value in curve.at)
    adds = " | ".join(f"{value:g}" for value in curve.adds)
    return f"| {title} | {cells} |\n|---|{'---|' * len(curve.at)}\n| adds | {adds} |"


def _scores_part(metadata: Metadata) -> Iterator[str]:
    if not metadata.metrics:
        return
    yield "## Scores"
    yield (
        "On held-out scenes, by geoseg's own decoder, before outlines are simplified. Thresholds "
        "were chosen on them, so expect less elsewhere. F1 at IoU 0.5."
    )
    if metadata.validation is not None and metadata.validation.draws > 1:
        yield (
            f"Every scene counts {metadata.validation.draws} times, each time with other rows and "
            "columns cut off, as scores depend on where the network's lattice lies."
        )
    titles = "place | pixel size, m | buildings | F1 | precision | recall | pixel IoU | area bias"
    rows = [f"| {titles} | weight |", f"|{'---|' * 9}"]
    weights = {} if metadata.validation is None else metadata.validation.place_weights
    rows += [
        f"| {place} | {_number(scores, 'gsd_m', '.2f')} | {_number(scores, 'buildings', '.0f')} | "
        f"{_number(scores, 'f1', '.3f')} | {_number(scores, 'precision', '.3f')} | "
        f"{_number(scores, 'recall', '.3f')} | {_number(scores, 'pixel_iou', '.3f')} | "
        f"{_number(scores, 'area_bias', '+.1%')} | {weights.get(place, 1):g} |"
        for place, scores in metadata.metrics.items()
    ]
    yield "\n".join(rows)
    if (validation := metadata.validation) is not None:
        yield (
            f"Weighted mean F1 {validation.f1:.3f}. Rule for the thresholds: the best mean F1 with "
            "a mean absolute bias of the places' total areas below "
            f"{validation.max_area_bias:.1%}; it is {validation.area_bias:.1%}. Places of weight 0 "
            "were not used to choose anything."
        )
        if validation.kept:
            yield f"Thresholds and confidence stayed as the model had them: {_why_kept(validation)}."


def _why_kept(validation: Validation) -> str:
    if validation.pieces <= 1:
        return "too little labelled ground to tell whether others would do better"
    there = (
        "found more there, but not without total areas beyond the limit"
        if validation.surely_more
        else "did no better there"
    )
    return f"others, chosen without a piece of ground, {there} ({validation.pieces} in turn)"


def _number(scores: dict[str, float], name: str, form: str) -> str:
    return format(scores[name], form) if name in scores else ""


def _notes_part(metadata: Metadata) -> Iterator[str]:
    if metadata.notes:
        yield "## Notes"
        yield from metadata.notes


def _sources_part(metadata: Metadata) -> Iterator[str]:
    if metadata.sources:
        yield "## Sources"
        rows = [f"| {source.name} | {source.licence} |" for source in metadata.sources]
        yield "\n".join(["| data | licence |", "|---|---|", *rows])
