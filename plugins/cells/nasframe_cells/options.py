"""The settings of the spaces nasnet, pnas and amoebanet: what is asked, and the skeleton around the cells."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from nasframe import Options
from nasframe.files.words import quantity
from nasframe_cells.language import INPUTS, Combine, state_name

Primitive = Literal[
    "skip",
    "conv_1x3_3x1",
    "conv_1x7_7x1",
    "dil_conv_3x3",
    "avg_pool_3x3",
    "max_pool_3x3",
    "max_pool_5x5",
    "max_pool_7x7",
    "conv_1x1",
    "conv_3x3",
    "sep_3x3",
    "sep_5x5",
    "sep_7x7",
    "dil_sep_3x3",
    "dil_sep_5x5",
    "max_pool_2x2",
]
"""All operations that have a form in ``operations``."""
NASNET: tuple[Primitive, ...] = (
    "skip",
    "conv_1x3_3x1",
    "conv_1x7_7x1",
    "dil_conv_3x3",
    "avg_pool_3x3",
    "max_pool_3x3",
    "max_pool_5x5",
    "max_pool_7x7",
    "conv_1x1",
    "conv_3x3",
    "sep_3x3",
    "sep_5x5",
    "sep_7x7",
)
"""NASNet's thirteen, in the paper's order."""
PNAS: tuple[Primitive, ...] = (
    "sep_3x3",
    "sep_5x5",
    "sep_7x7",
    "conv_1x7_7x1",
    "skip",
    "avg_pool_3x3",
    "max_pool_3x3",
    "dil_conv_3x3",
)
"""PNAS's eight, in the paper's order."""
AMOEBANET: tuple[Primitive, ...] = (
    "skip",
    "sep_3x3",
    "sep_5x5",
    "sep_7x7",
    "avg_pool_3x3",
    "max_pool_3x3",
    "dil_sep_3x3",
    "conv_1x7_7x1",
)
"""AmoebaNet's eight, in the paper's order."""

Count = Annotated[int, Field(ge=1)]
Output = Literal["loose_ends", "all"] | tuple[str, ...]
"""What a cell concatenates: the blocks that no block reads, all blocks, or the states of these names, in this order."""


class CellOptions(Options):
    """What the three spaces have in common, but for some defaults; those here are of NASNet's search."""

    blocks: Count = 5
    """B: blocks of a cell."""
    operations: tuple[Primitive, ...] = Field(default=NASNET, min_length=1)
    """Primitives on an edge."""

    skeleton: Literal["cifar", "imagenet"] = "cifar"
    """``cifar``: a 3x3 convolution, then cells at the images' own resolution, its half and its quarter. ``imagenet``:
    a 3x3 convolution of stride 2 without padding and two reduction cells of F/4 and F/2 filters come first."""
    cells: Count = 2
    """N: normal cells in each of the three stages; between stages a reduction doubles the filters."""
    filters: Count = 32
    """F: filters of an operation in the first stage."""
    stem_multiplier: Count | None = None
    """Channels of the stem's convolution: so many times F (``cifar``), or so many times 32 (``imagenet``). None: 3
    for ``cifar`` and 1 for ``imagenet``, of which large networks have 3."""
    drop_path_keep: float = Field(default=0.6, gt=0, le=1)
    """Probability of keeping an operation in the last cell at the end of the training (scheduled drop path);
    1 switches it off. Identities are always kept. The papers state it for final networks only."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Probability of zeroing a value before the classifier in training; the papers' ImageNet networks have 0.5."""
    auxiliary: bool = False
    """A second classifier in training, after the last cell before the second reduction. Its features must have 5x5
    pixels or more at the task's size."""
    auxiliary_weight: float = Field(default=0.4, gt=0)
    """Of the second classifier's loss."""
    bn_momentum: float = Field(default=0.1, gt=0, le=1)
    """Share of the newest batch in batch norms' running statistics; the ImageNet networks were trained with 3e-4."""
    bn_eps: float = Field(default=1e-5, gt=0)
    """Added to variances by batch norms; 1e-3 in the ImageNet networks."""

    @property
    def stem_channels(self) -> int:
        """Of the stem's convolution."""
        if self.skeleton == "cifar":
            return self.filters * (3 if self.stem_multiplier is None else self.stem_multiplier)
        return 32 * (1 if self.stem_multiplier is None else self.stem_multiplier)

    @property
    def least_side(self) -> int:
        """Pixels that a side of an image must have."""
        if self.skeleton == "cifar":
            return 9 if self.auxiliary else 1
        return 67 if self.auxiliary else 3

    @field_validator("operations")
    @classmethod
    def _each_once(cls, operations: tuple[Primitive, ...]) -> tuple[Primitive, ...]:
        doubled = {name for name in operations if operations.count(name) > 1}
        if doubled:
            raise ValueError(f"operations lists {', '.join(sorted(doubled))} more than once; name each primitive once")
        return operations

    @field_validator("output", "normal_output", "reduction_output", check_fields=False)
    @classmethod
    def _states_are_there(cls, output: Output, found: ValidationInfo) -> Output:
        blocks = found.data.get("blocks", 0)
        if isinstance(output, str) or blocks == 0:  # 0: that is wrong itself
            return output
        names = [state_name(state) for state in range(len(INPUTS) + blocks)]
        if not output or len(set(output)) < len(output) or any(name not in names for name in output):
            raise ValueError(
                f"a cell of {quantity(blocks, 'block')} gives out one or more of {', '.join(names)}, each once"
            )
        return output


class NasNetOptions(CellOptions):
    """NASNet's space and networks; the defaults are the small networks of its search."""

    combines: tuple[Combine, ...] = Field(default=("add", "concat"), min_length=1)
    """How a block may combine its two states. Of one way alone it is not asked."""
    normal_output: Output = "loose_ends"
    """What a normal cell concatenates: ``loose_ends`` (the paper's rule: blocks that no block reads), ``all`` blocks,
    or the states of these names in this order, such as [h-2, b1, b4]: published cells have lists of their own."""
    reduction_output: Output = "loose_ends"
    """As ``normal_output``, of the reduction cell."""
    skip_reduction_input: bool = False
    """What the first cell of a stage reads beside the output of the reduction before it. False: what that reduction
    read; true (large ImageNet networks): the output of the cell before that."""


class AmoebaNetOptions(CellOptions):
    """AmoebaNet's space and networks; the defaults are the small networks of its search."""

    operations: tuple[Primitive, ...] = Field(default=AMOEBANET, min_length=1)
    """Primitives on an edge."""
    cells: Count = 3
    """N: normal cells in each of the three stages; between stages a reduction doubles the filters."""
    filters: Count = 24
    """F: filters of an operation in the first stage."""
    drop_path_keep: float = Field(default=0.7, gt=0, le=1)
    """Probability of keeping an operation in the last cell at the end of the training (scheduled drop path);
    1 switches it off. Identities are always kept. The paper states it for final networks only."""
    auxiliary_weight: float = Field(default=0.5, gt=0)
    """Of the second classifier's loss; the paper's on CIFAR-10, which has 0.4 on ImageNet."""
    normal_output: Output = "loose_ends"
    """What a normal cell concatenates: ``loose_ends`` (the paper's rule: blocks that no block reads), ``all`` blocks,
    or the states of these names in this order, such as [h-2, b1, b4]: published cells have lists of their own."""
    reduction_output: Output = "loose_ends"
    """As ``normal_output``, of the reduction cell."""
    skip_reduction_input: bool = False
    """What the first cell of a stage reads beside the output of the reduction before it. False: what that reduction
    read; true (large ImageNet networks): the output of the cell before that."""


class PnasOptions(CellOptions):
    """PNAS's space and networks; the defaults are the small networks of its search."""

    operations: tuple[Primitive, ...] = Field(default=PNAS, min_length=1)
    """Primitives on an edge."""
    filters: Count = 24
    """F: filters of an operation in the first stage."""
    cells: Count = 2
    """N: cells in each of the three stages, the first of the second and of the third with stride 2 and twice the
    filters."""
    output: Output = "all"
    """What the cell concatenates: ``all`` blocks, the ``loose_ends`` that no block reads, or the states of these names
    in this order."""
