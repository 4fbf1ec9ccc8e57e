"""``geoseg export-model``: a model file in, a graph for other runtimes out."""

from __future__ import annotations

from typing import Annotated

import typer

from geoseg.cli.answers import answer_json
from geoseg.cli.options import Json, Output, Overwrite, Precision, Quiet, Verbose, with_output
from geoseg.cli.tables import show_rows
from geoseg.cli.telling import tell

EXAMPLE = "geoseg export-model model.safetensors -o model.onnx"


def export_model(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL [OUTPUT]",
            help="'default' or a .safetensors file; then what to write: .onnx, or .xml for OpenVINO.",
            show_default=False,
        ),
    ],
    output: Output = None,
    *,
    precision: Precision = "auto",
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Write a dense model as a graph that runs without torch: .onnx, or OpenVINO's .xml and .bin.

    Thresholds, calibration and scores go along, and the graph is certified by itself. --model takes it
    in every verb.

    geoseg export-model model.safetensors -o model.onnx
    """
    tell(verbose)
    (model,), output = with_output(paths, output, inputs=1, example=EXAMPLE)
    from geoseg.models.exporting import export_model as export

    done = export(model, output, precision=precision, overwrite=overwrite)
    if as_json:
        answer_json(done.as_dict())
    elif not quiet:
        exact = done.certificate.exact
        typer.echo(f"{done.certificate.model} {'can be exact' if exact else 'cannot be exact'}")
        reasons = (("because", reason) for reason in done.certificate.reasons)
        show_rows([*reasons, ("use", f"--model {done.output}"), ("output", str(done.output))])
