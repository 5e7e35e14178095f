import math

import pytest

from nasframe.decode import levels_of, log_probability, path_of_levels
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_autodeeplab.trellis import ENTRY, moves

DESIGNS = {design.name: design for design in AutoDeepLab().designs()}


@pytest.mark.parametrize("name", ["deeplabv3", "conv-deconv", "stacked-hourglass", "auto-deeplab"])
def test_every_known_design_is_a_path_of_the_default_trellis(name):
    graph = moves(AutoDeepLab().graph())
    for before, after in graph.edges:
        graph.edges[before, after]["value"] = 1 / graph.out_degree(before)
    nodes = path_of_levels(graph, ENTRY, DESIGNS[name].levels)
    assert levels_of(graph, nodes) == DESIGNS[name].levels
    assert -12 * math.log(3) <= log_probability(graph, nodes) <= -12 * math.log(2)


def test_only_the_papers_own_path_is_published():
    assert [name for name, known in DESIGNS.items() if known.published] == ["auto-deeplab"]
    assert DESIGNS["auto-deeplab"].levels == (0, 0, 0, 1, 2, 1, 2, 2, 3, 3, 2, 1)
