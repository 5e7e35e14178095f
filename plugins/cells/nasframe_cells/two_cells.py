"""What NASNet and AmoebaNet share: a normal and a reduction cell, the latter in places of its own."""

from __future__ import annotations

from nasframe_cells import skeleton
from nasframe_cells.language import Combine
from nasframe_cells.options import AmoebaNetOptions, NasNetOptions
from nasframe_cells.questions import CellQuestions


def questions(options: NasNetOptions | AmoebaNetOptions, combines: tuple[Combine, ...]) -> tuple[CellQuestions, ...]:
    """Of the cells ``normal`` and ``reduction``."""
    outputs = {"normal": options.normal_output, "reduction": options.reduction_output}
    return tuple(
        CellQuestions(part, options.blocks, options.operations, combines, output) for part, output in outputs.items()
    )


def places(options: NasNetOptions | AmoebaNetOptions) -> list[skeleton.Place]:
    """N normal cells in each stage, a reduction cell between stages."""
    return skeleton.places(
        imagenet=options.skeleton == "imagenet",
        cells=options.cells,
        filters=options.filters,
        separate_reductions=True,
        skip_reduction_input=options.skip_reduction_input,
    )
