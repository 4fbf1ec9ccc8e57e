"""Towns that never were, with exact labels: more variety than the labelled photos hold.

A town is planned in metres (:mod:`.plan`), painted (:mod:`.paint`, :mod:`.roofs`, :mod:`.things`),
lit (:mod:`.light`) and photographed (:mod:`.sensor`). Ground and roofs may wear textures cut from
real scenes (:mod:`.textures`).
"""

from geoseg.train.synthetic.render import render_surface, render_town
from geoseg.train.synthetic.styles import STYLES, Style
from geoseg.train.synthetic.textures import TextureBank, cut_textures

__all__ = ["STYLES", "Style", "TextureBank", "cut_textures", "render_surface", "render_town"]
