"""Deriving from mixing weights, with a certificate: the k best paths, their gaps, bounds and probabilities.

networkx in, small frozen values out; imports no torch. The schema of the graphs is ``nasframe.graph``'s:

    trellis = with_weights(space.graph(), snapshot)
    start, ends = terminals(trellis)
    best, second = k_best(trellis, start, ends, k=2, bounds=[Bound("down", move_count(trellis, "down"), most=3)])
"""

from nasframe.decode.bounds import Bound, Price, attribute_cost, attribute_count, move_count
from nasframe.decode.cells import KeptBlock, KeptEdge, Margin, strongest
from nasframe.decode.designs import Design, Distance, distance, levels_of, path_of_levels
from nasframe.decode.kbest import Path, count_paths, k_best
from nasframe.decode.marginals import Marginals, marginals, visits
from nasframe.decode.moves import log_probability, terminals
from nasframe.decode.priced import places, priced_path, with_values_of
from nasframe.decode.rules import RULES, literal, unbiased

__all__ = [
    "RULES",
    "Bound",
    "Design",
    "Distance",
    "KeptBlock",
    "KeptEdge",
    "Margin",
    "Marginals",
    "Path",
    "Price",
    "attribute_cost",
    "attribute_count",
    "count_paths",
    "distance",
    "k_best",
    "levels_of",
    "literal",
    "log_probability",
    "marginals",
    "move_count",
    "path_of_levels",
    "places",
    "priced_path",
    "strongest",
    "terminals",
    "unbiased",
    "visits",
    "with_values_of",
]
