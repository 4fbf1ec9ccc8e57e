"""How QGIS shows a layer: symbols, labels, aliases, number formats, forms, blocks in 3D; as QML.

QML and not GDAL's column descriptions, since QGIS with a GDAL before 3.7 reads these alone.
"""
