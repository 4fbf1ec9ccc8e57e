"""From maps to buildings, row by row: ``Decoder`` takes strips of maps and hands back clusters.

The modules in the order the data flows: ``params``, ``classify`` (maps to pixel classes), ``grow``
(seeds, and the body around them), ``labeller`` (what a decoder asks for labels), ``seeds`` (which
answers for maps), ``scan`` (labels to cracks and tables, one row after another),
``families`` (which seeds are one building), ``settle`` (what is finished), ``emit`` (finished labels
to clusters), ``decoder``. Each is imported by its own name: ``params`` is light, the loops take a while to load.
"""
