"""How verbs of the command line look in the toolbox; everything else comes from geoseg itself."""

from __future__ import annotations

from dataclasses import dataclass, field

HIDDEN = {"as_json", "quiet", "verbose", "progress", "overwrite", "init", "config"}
"""Options that the plugin sets itself, or that belong to a terminal."""
LABELS = {
    "device": "Device",
    "min_confidence": "Drop buildings below this confidence, 0..1",
    "model": "Model",
    "precision": "Precision of the network's arithmetic",
    "shape": "Shape of the outlines",
    "tta": "Average over two views",
}
"""In place of the first sentence of an option's help, where that is long or says less."""


@dataclass(frozen=True)
class Role:
    """A parameter that QGIS knows more about than a text: a layer or a destination."""

    name: str
    """In the toolbox and in qgis_process."""
    kind: str
    """rasters, raster, polygons, folder, layer_out, file_out, page_out, folder_out."""
    label: str
    """For people."""
    layer: str = ""
    """The option that names a layer of the file."""
    layer_name: str = ""
    """Of the layer to load from what is written."""
    filter: str = ""
    """File types of a file_out."""


@dataclass(frozen=True)
class Face:
    """A verb."""

    verb: str
    """Of the command line, and the algorithm's id."""
    title: str
    """In the toolbox."""
    tags: tuple[str, ...]
    """To be found by."""
    roles: dict[str, Role]
    """Parameter of the verb to its role; arguments of several files may hold one."""
    shown: tuple[str, ...] = ()
    """Further options that are not folded away."""
    extent: bool = False
    """Whether the area may also be an extent."""
    results: dict[str, str] = field(default_factory=dict)
    """Numbers of the result that become outputs: name to label."""


_TABLE = "Spreadsheet (*.xlsx);;Comma-separated values (*.csv);;JSON (*.json);;GeoPackage (*.gpkg)"
_TOWN = "CityJSON (*.city.json *.json);;GeoPackage (*.gpkg)"
_GEOJSON = "GeoJSON (*.geojson)"
_AREA = Role("AREA", "polygons", "Area of interest", "aoi_layer")
_ZONES = Role("ZONES", "polygons", "Zones", "zones_layer")
_HTML = Role("HTML", "page_out", "Report page")
_BUILDINGS = {"buildings": "Number of buildings"}

FACES = (
    Face(
        "predict",
        "Find buildings",
        ("buildings", "detect", "segmentation", "footprints", "orthophoto", "extract"),
        {
            "paths": Role("RASTER", "rasters", "Orthophotos (together one mosaic)"),
            "aoi": _AREA,
            "output": Role("OUTPUT", "layer_out", "Buildings", layer_name="buildings"),
        },
        shown=("model", "resume"),
        extent=True,
        results=_BUILDINGS,
    ),
    Face(
        "info",
        "Describe a raster",
        ("raster", "pixel size", "how long", "describe"),
        {"rasters": Role("RASTER", "rasters", "Orthophotos (together one mosaic)")},
        shown=("measure",),
    ),
    Face(
        "regularize",
        "Straighten footprints",
        ("regularize", "right angles", "simplify", "orthogonalize", "walls"),
        {
            "paths": Role("INPUT", "polygons", "Footprints", "layer"),
            "output": Role("OUTPUT", "layer_out", "Straightened footprints"),
        },
        shown=("gsd",),
    ),
    Face(
        "heights",
        "Measure heights of buildings",
        ("height", "surface model", "dsm", "ndsm", "lidar", "3d", "volume"),
        {
            "paths": Role("INPUT", "polygons", "Footprints", "layer"),
            "dsm": Role("DSM", "raster", "Surface model"),
            "dtm": Role(
                "DTM", "raster", "Terrain model; without, the ground is found around each building"
            ),
            "ndsm": Role("NDSM", "raster", "Heights above ground, instead of the two"),
            "output": Role(
                "OUTPUT", "layer_out", "Footprints with heights", layer_name="buildings"
            ),
        },
    ),
    Face(
        "convert",
        "Make a 3D town",
        ("cityjson", "3d", "town", "lod1", "blocks"),
        {
            "paths": Role("INPUT", "polygons", "Footprints with heights", "layer"),
            "output": Role("OUTPUT", "file_out", "3D town", filter=_TOWN),
        },
        shown=("crs",),
    ),
    Face(
        "report",
        "Count and measure buildings",
        ("statistics", "area", "density", "zones", "report"),
        {
            "buildings": Role("INPUT", "polygons", "Buildings", "layer"),
            "zones": _ZONES,
            "sample": Role("SAMPLE", "polygons", "Real buildings in the plots", "sample_layer"),
            "sample_areas": Role("SAMPLE_AREAS", "polygons", "Plots", "sample_areas_layer"),
            "raster": Role("RASTER", "rasters", "Orthophotos for the page's map"),
            "output": Role("OUTPUT", "file_out", "Table", filter=_TABLE),
            "html": _HTML,
        },
        shown=("grid", "language"),
    ),
    Face(
        "compare",
        "Compare two dates",
        ("change", "new buildings", "demolished", "dates"),
        {
            "old": Role("OLD", "polygons", "Buildings of the earlier date", "old_layer"),
            "new": Role("NEW", "polygons", "Buildings of the later date", "new_layer"),
            "zones": _ZONES,
            "old_raster": Role("OLD_RASTER", "rasters", "Imagery of the earlier date"),
            "new_raster": Role("NEW_RASTER", "rasters", "Imagery of the later date"),
            "output": Role("OUTPUT", "layer_out", "Changes"),
            "html": _HTML,
        },
        shown=("likely", "language"),
    ),
    Face(
        "update",
        "Bring an older layer up to date",
        ("update", "cadastre", "osm", "maintenance", "new buildings", "demolished"),
        {
            "old": Role("OLD", "polygons", "Layer to bring up to date", "old_layer"),
            "new": Role("NEW", "polygons", "Buildings found, or a newer layer", "new_layer"),
            "raster": Role("RASTER", "rasters", "Imagery of the newer layer"),
            "aoi": _AREA,
            "josm": Role("JOSM", "file_out", "For JOSM", filter=_GEOJSON),
            "maproulette": Role("MAPROULETTE", "file_out", "For MapRoulette", filter=_GEOJSON),
            "output": Role("OUTPUT", "layer_out", "Layer brought up to date"),
        },
        shown=("age",),
    ),
    Face(
        "train",
        "Train a model on your own labels",
        ("fine-tune", "training", "model", "labels"),
        {
            "scenes": Role("SCENES", "folder", "Packed scenes (geoseg dataset)"),
            "output": Role("OUTPUT", "folder_out", "Folder for the model"),
        },
        shown=("minutes", "start", "resume"),
    ),
)
