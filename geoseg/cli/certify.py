"""``geoseg certify``: can a model's maps be independent of the tiles?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from geoseg.cli.options import Device, Json, Precision, Quiet, Runtime, Verbose
from geoseg.cli.tables import show_rows
from geoseg.cli.telling import tell

if TYPE_CHECKING:
    from geoseg.models.certify import Certificate


def certify(
    model: Annotated[
        str, typer.Argument(help="'default' or a .safetensors, .onnx or .xml file.")
    ] = "default",
    *,
    device: Device = "cpu",
    precision: Precision = "auto",
    runtime: Runtime = "auto",
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Check whether a model's answer can be independent of how the raster is cut.

    Exits with 1 when it cannot. predict runs such a model all the same, and warns where its layers
    show it; a larger --overlap makes the tiles show less, and predict --exact refuses it.

    geoseg certify model.safetensors
    """
    tell(verbose)
    from geoseg.models import certify_model

    certificate = certify_model(model, device=device, precision=precision, runtime=runtime)
    if as_json:
        typer.echo(json.dumps(certificate.as_dict()))
    elif not quiet:
        _show(certificate)
    if not certificate.exact:
        raise typer.Exit(1)


def _show(certificate: Certificate) -> None:
    verdict = "can be exact" if certificate.exact else "cannot be exact"
    seen = (
        "the whole image" if certificate.support_px is None else f"{certificate.support_px} px far"
    )
    if "support" not in certificate.looks:
        seen = "not measured: that takes torch and the .safetensors file"
    typer.echo(f"{certificate.model} {verdict}")
    difference = f"{certificate.largest_difference:.1e} between tile and whole image"
    rows = [
        ("stride", f"{certificate.stride_px} px"),
        ("halo", f"{certificate.halo_px} px"),
        ("sees", seen),
        ("difference", difference),
    ]
    show_rows([*rows, *(("because", reason) for reason in certificate.reasons)])
