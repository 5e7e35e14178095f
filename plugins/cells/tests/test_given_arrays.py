"""Alphas of a search with DARTS's own code, decoded in the space of DARTS."""

import numpy as np
import torch
import yaml

from nasframe.derive import Request, derive, genotype_with, read_given
from nasframe.plugin.registry import Registry
from nasframe_cells.darts import published

PRIMITIVES = ["none", "max_pool_3x3", "avg_pool_3x3", "skip", "sep_3x3", "sep_5x5", "dil_sep_3x3", "dil_sep_5x5"]
"""In the order of its code."""
ROWS = [(source, block) for block in range(2, 6) for source in range(block)]
"""Of alphas (14, 8): each block's edges from all states before it."""


def alphas(cell, rng):
    """Logits that favour a cell, below noise of ``none``, which is never derived."""
    table = rng.normal(size=(len(ROWS), len(PRIMITIVES)))
    table[:, 0] += 9
    for block, found in enumerate(cell.blocks, start=2):
        for edge in found.edges:
            table[ROWS.index((edge.input, block)), PRIMITIVES.index(edge.operation)] += 8
    return torch.tensor(table)


def test_alphas_of_darts_are_decoded_to_its_cells(tmp_path):
    rng = np.random.default_rng(0)
    wanted = published.CELLS["darts_v2"]
    tables = {"alphas_normal": alphas(wanted.normal, rng), "alphas_reduce": alphas(wanted.reduction, rng)}
    torch.save(tables, tmp_path / "alphas.pt")
    entry = {"file": "alphas.pt", "values": "logits", "primitives": PRIMITIVES}
    arrays = {"normal": {**entry, "array": "alphas_normal"}, "reduction": {**entry, "array": "alphas_reduce"}}
    (tmp_path / "given.yaml").write_text(yaml.safe_dump({"space": "darts", "arrays": arrays}))
    weighted, final = read_given(tmp_path / "given.yaml", Registry.discover())
    found = derive(weighted, Request(), final, None)
    assert genotype_with(final.space, weighted.graph, None, found.cells) == published.darts_v2.genotype
