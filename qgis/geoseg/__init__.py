"""geoseg in QGIS: a Processing provider that starts geoseg as a process of its own."""


def classFactory(iface):  # noqa: N802 - QGIS calls it so
    """What QGIS loads."""
    from .plugin import GeosegPlugin

    return GeosegPlugin(iface)
