"""From maps to buildings, row by row: ``Decoder`` takes strips of maps and hands back clusters.

The modules in the order the data flows: ``params``, ``classify`` (maps to pixel classes), ``grow``
(seeds, and the body around them), ``labeller`` (what a decoder asks for labels), ``seeds`` (which
answers for maps), ``scan`` (labels to cracks and tables, one row after another),
``families`` (which seeds are one building), ``settle`` (what is finished), ``emit`` (finished labels
to clusters), ``decoder``.
"""

from geoseg.decode.decoder import Decoder
from geoseg.decode.params import DecodeParams
from geoseg.decode.seeds import MapLabeller

__all__ = ["DecodeParams", "Decoder", "MapLabeller"]
