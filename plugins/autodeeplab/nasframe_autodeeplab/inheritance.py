"""What the network of a genotype inherits from a supernet, and the supernet at that genotype."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from torch import Tensor, nn

from nasframe import CapabilityError, Genotype
from nasframe_autodeeplab.cell import stride_of
from nasframe_autodeeplab.cell_graph import CELL_INPUTS, Edge, edges
from nasframe_autodeeplab.options import NetworkOptions
from nasframe_autodeeplab.questions import Questions
from nasframe_autodeeplab.single_path import SinglePath
from nasframe_autodeeplab.stacked.conversion import to_plain
from nasframe_autodeeplab.supernet import AutoDeepLabSupernet
from nasframe_autodeeplab.trellis import ENTRY

HALVING = ("atrous_3x3", "atrous_5x5")
"""The primitives that have a layer more at stride 2, which halves the resolution before the others."""
HALVED = (1, 2, 3)
"""The layers behind it, by their places at stride 1."""


def inherited(supernet: nn.Module, genotype: Genotype, network: NetworkOptions) -> dict[str, Tensor]:
    """The supernet's tensors along a genotype's path, under the names that they have in its network.

    Args:
        network: of the network, whose ASPP may have other branches than the supernet's.
    """
    supernet = _own(supernet)
    state = supernet.state_dict()
    if isinstance(supernet, AutoDeepLabSupernet) and _is_stacked(supernet):
        state = to_plain(supernet, state)
    places = tuple(_places(supernet.questions, genotype, _is_partial(supernet), network))
    return {
        name.replace(place, target, 1): tensor.detach().clone()
        for name, tensor in state.items()
        for place, target in places
        if name.startswith(place)
    }


def one_hot(supernet: nn.Module, genotype: Genotype) -> SinglePath:
    """The supernet at a genotype; it has copies of a stacked supernet's weights and shares those of others."""
    supernet = _own(supernet)
    single = supernet if isinstance(supernet, SinglePath) else SinglePath(_plain(supernet))
    single.switch(genotype)
    return single


def _places(
    questions: Questions, genotype: Genotype, partial: bool, network: NetworkOptions
) -> Iterator[tuple[str, str]]:
    """How names begin in a supernet and in the network."""
    yield "stem.", "stem."
    rows = {edge: row for row, edge in enumerate(edges(questions.options.blocks))}
    columns: dict[str, int] = {name: column for column, name in enumerate(questions.options.kept_operations)}
    within = "mixed_op." if partial else ""
    path = questions.path_states(genotype)
    strides: dict[str, int] = dict(questions.trellis.nodes(data="stride"))
    for number, (before, state) in enumerate(pairwise([ENTRY, *path])):
        step = strides[state] - strides[before]
        yield f"nodes.{state}.preparations.{before}.", f"cells.{number}."
        cell = f"nodes.{state}.cells.{'shared' if questions.options.share_node_weights else before}"
        for block, inputs in questions.cell_wiring(genotype).items():
            for source, operation in inputs:
                mixed_op = f"{cell}.mixed_ops.{rows[Edge(source, block)]}."
                dropped = "" if operation == "skip" else "0."  # the others stand before their drop path
                target = f"cells.{number}.operations.{block}/{source}.{dropped}"
                primitive = f"{mixed_op}{within}primitives.{columns[operation]}."
                if operation in HALVING and stride_of(step, source in CELL_INPUTS) > 1:
                    yield from ((f"{primitive}{layer}.", f"{target}{layer + 1}.") for layer in HALVED)
                else:
                    yield primitive, target
    branches = f"heads.{path[-1]}.branches"
    yield f"{branches}.0.", "aspp.branches.0."
    if network.aspp_rates and not network.aspp_separable:
        yield f"{branches}.1.", "aspp.branches.1."
    if network.image_pooling:
        yield f"{branches}.2.", f"aspp.branches.{1 + len(network.aspp_rates)}."


def _own(supernet: nn.Module) -> AutoDeepLabSupernet | SinglePath:
    if isinstance(supernet, AutoDeepLabSupernet | SinglePath):
        return supernet
    raise CapabilityError(
        f"space 'autodeeplab' was given a {type(supernet).__name__} to inherit from; expected a supernet of its own, "
        "from its relax() or switchable()"
    )


def _plain(supernet: AutoDeepLabSupernet) -> AutoDeepLabSupernet:
    """The supernet, or if it is stacked a plain one with copies of its weights."""
    if not _is_stacked(supernet):
        return supernet
    options = supernet.questions.options.model_copy(update={"implementation": "plain"})
    plain = AutoDeepLabSupernet(Questions(options), supernet.task, supernet.weigh).to(supernet.alpha)
    plain.load_state_dict(to_plain(supernet, supernet.state_dict()))
    return plain


def _is_stacked(supernet: AutoDeepLabSupernet) -> bool:
    return supernet.questions.options.implementation == "stacked"


def _is_partial(supernet: AutoDeepLabSupernet | SinglePath) -> bool:
    return supernet.questions.options.partial_channels > 1
