"""``geoseg regularize``: footprints of any origin in, straight walls out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geoseg.cli.options import Json, Overwrite, Quiet

if TYPE_CHECKING:
    import geopandas as gpd


def regularize(
    footprints: Annotated[
        Path, typer.Argument(help="A layer of polygons, any format and CRS.", show_default=False)
    ],
    output: Annotated[
        Path,
        typer.Argument(help="What to write: .gpkg, .geojson, .shp, .fgb.", show_default=False),
    ],
    gsd: Annotated[
        float,
        typer.Option(help="Ground size, in metres, of a pixel of the imagery they come from."),
    ] = 0.3,
    snap: Annotated[
        float | None,
        typer.Option(
            help="Walls nearer than this become one, metres.", show_default="half a pixel"
        ),
    ] = None,
    layer: Annotated[
        str | None, typer.Option(help="Layer to read, where there are several.")
    ] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Redraw footprints with straight walls, right angles and shared walls.

    Attributes and their order are kept; a column "shape" tells how each footprint was drawn.
    """
    driver = _check_output(output, overwrite=overwrite)
    frame = _read(footprints, layer)

    from geoseg.shaping.frame import SUMMARY
    from geoseg.shaping.frame import regularize as redraw

    drawn = redraw(frame, gsd_m=gsd, snap_m=snap)
    _write(drawn, output, driver)
    _tell(drawn.attrs[SUMMARY], output, as_json=as_json, quiet=quiet)


def _check_output(output: Path, *, overwrite: bool) -> str:
    """The OGR driver for the output, once it is known that it may be written."""
    import pyogrio

    from geoseg.errors import UsageError
    from geoseg.files.target import check_target

    try:
        driver = pyogrio.detect_write_driver(output)
    except ValueError:
        raise UsageError(
            f"{output.name} has the extension {output.suffix or '(none)'}, which no vector format "
            "is written to. Use .gpkg, .geojson, .shp or .fgb."
        ) from None
    check_target(output, None, overwrite=overwrite)
    return str(driver)


def _read(path: Path, layer: str | None) -> gpd.GeoDataFrame:
    import geopandas as gpd
    from pyogrio.errors import DataLayerError, DataSourceError

    from geoseg.errors import UnreadableVectorError

    if not path.exists():
        raise UnreadableVectorError(f"{path} does not exist. Give the path of a vector file.")
    try:
        frame = gpd.read_file(path, layer=layer)
    except (DataSourceError, DataLayerError) as error:
        raise UnreadableVectorError(f"{path} cannot be read as a vector layer: {error}") from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise UnreadableVectorError(f"{path} is a table without geometries. Give a polygon layer.")
    return frame


def _write(frame: gpd.GeoDataFrame, output: Path, driver: str) -> None:
    """Write beside the output, then put everything in its place; the main file comes last."""
    from pyogrio.errors import DataSourceError, FeatureError

    from geoseg.errors import OutputError
    from geoseg.files.atomic import CHECK_FOLDER, output_errors, scratch_folder

    target = output.absolute()
    try:
        with output_errors(output), scratch_folder(target) as folder:
            frame.to_file(folder / target.name, driver=driver, layer=output.stem)
            for part in sorted(folder.iterdir(), key=lambda path: path.name == target.name):
                part.replace(target.parent / part.name)
    except (DataSourceError, FeatureError) as error:
        raise OutputError(f"{output} cannot be written: {error}. {CHECK_FOLDER}") from error


def _tell(summary: dict[str, Any], output: Path, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"output": str(output), **summary}))
    elif not quiet:
        counts = ", ".join(f"{name} {count}" for name, count in summary.items() if count)
        typer.echo(f"{output}: {counts or 'no rows'}")
