"""The settings of the spaces darts and darts-wide: what is asked, and the skeleton around the cells."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from nasframe import Options
from nasframe.files.words import quantity
from nasframe_cells.language import INPUTS, state_index

NONE = "none"
"""The operation that gives nothing; it takes part in the mixing and is never derived."""
Relaxed = Literal["none", "max_pool_3x3", "avg_pool_3x3", "skip", "sep_3x3", "sep_5x5", "dil_sep_3x3", "dil_sep_5x5"]
Wide = Literal[
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip",
    "sep_3x3",
    "sep_5x5",
    "dil_sep_3x3",
    "dil_sep_5x5",
    "sep_7x7",
    "conv_1x7_7x1",
]
RELAXED: tuple[Relaxed, ...] = (
    "none",
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip",
    "sep_3x3",
    "sep_5x5",
    "dil_sep_3x3",
    "dil_sep_5x5",
)
"""DARTS's eight, in the order of its code."""
WIDE: tuple[Wide, ...] = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip",
    "sep_3x3",
    "sep_5x5",
    "dil_sep_3x3",
    "dil_sep_5x5",
    "sep_7x7",
    "conv_1x7_7x1",
)
"""All operations that DARTS's code can build a network of."""

Count = Annotated[int, Field(ge=1)]
BlockName = Annotated[str, Field(pattern=r"^b[1-9][0-9]*$")]
Output = Literal["loose_ends", "all"] | Annotated[tuple[BlockName, ...], Field(min_length=1)]
"""What a cell concatenates: the blocks that no block reads, all blocks, or those of these names, in this order."""


class SkeletonOptions(Options):
    """What is around the cells; the defaults are the small networks of DARTS's search."""

    skeleton: Literal["cifar", "imagenet"] = "cifar"
    """``cifar``: a 3x3 convolution to 3F channels, then cells at the images' own resolution, its half and its quarter.
    ``imagenet``: three 3x3 convolutions of stride 2 come first, so that cells work at an eighth and below."""
    cells: int = Field(default=8, ge=3)
    """L: cells in all. Those after a third and after two thirds of them are reduction cells, with twice the filters.
    The paper's final networks have 20, and 14 on ImageNet."""
    filters: int = Field(default=16, ge=2)
    """F: filters of an operation in the first cells. The paper's final networks have 36, and 48 on ImageNet."""
    drop_path_keep: float = Field(default=0.8, gt=0, le=1)
    """Networks: probability of keeping an operation at the end of the training, in every cell (scheduled drop path);
    1 switches it off. Identities are always kept. The paper states it for final networks on CIFAR-10 only."""
    auxiliary: bool = False
    """Networks: a second classifier in training, after the second reduction cell. Its features must have 5x5 pixels or
    more at the task's size."""
    auxiliary_weight: float = Field(default=0.4, gt=0)
    """Networks: of the second classifier's loss."""
    bn_momentum: float = Field(default=0.1, gt=0, le=1)
    """Share of the newest batch in batch norms' running statistics."""
    bn_eps: float = Field(default=1e-5, gt=0)
    """Added to variances by batch norms."""

    @property
    def least_side(self) -> int:
        """Pixels that a side of an image must have: one, or with an auxiliary head as many as leave it five."""
        if not self.auxiliary:
            return 1
        return 17 if self.skeleton == "cifar" else 129


class DartsOptions(SkeletonOptions):
    """DARTS's space, its networks and its supernet; the defaults are those of its search on CIFAR-10."""

    blocks: Count = 4
    """Blocks of a cell (the paper's intermediate nodes); a cell outputs all of them, concatenated."""
    operations: tuple[Relaxed, ...] = Field(default=RELAXED, min_length=1)
    """Primitives on an edge. ``none`` takes part in the mixing and is never derived."""
    bn_affine: bool = False
    """Supernet: batch norms in cells learn a scale and a shift. Those after pools never do."""
    arch_init: float = Field(default=1e-3, ge=0)
    """Supernet: standard deviation of the initial alphas."""

    @property
    def kept_operations(self) -> tuple[Relaxed, ...]:
        """The primitives that may be derived: all but ``none``."""
        return tuple(name for name in self.operations if name != NONE)

    @model_validator(mode="after")
    def _check(self) -> Self:
        _require_each_once(self.operations)
        if not self.kept_operations:
            raise ValueError("operations holds 'none' alone, which is never derived; add another primitive")
        return self


class DartsWideOptions(SkeletonOptions):
    """Blocks of any two operations on any two states, in DARTS's networks."""

    blocks: Count = 5
    """Blocks of a cell."""
    operations: tuple[Wide, ...] = Field(default=WIDE, min_length=1)
    """Primitives on an edge."""
    normal_output: Output = "loose_ends"
    """What a normal cell concatenates: the ``loose_ends`` that no block reads, ``all`` blocks, or the blocks of these
    names in this order, such as [b2, b3, b5]."""
    reduction_output: Output = "loose_ends"
    """As ``normal_output``, of the reduction cell."""

    @field_validator("normal_output", "reduction_output")
    @classmethod
    def _each_block_once(cls, output: Output) -> Output:
        if not isinstance(output, str) and len(set(output)) < len(output):
            raise ValueError(f"{', '.join(output)} names a block twice; a cell gives out each block once")
        return output

    @model_validator(mode="after")
    def _check(self) -> Self:
        _require_each_once(self.operations)
        for output in (self.normal_output, self.reduction_output):
            names = () if isinstance(output, str) else output
            absent = [name for name in names if state_index(name) >= self.blocks + len(INPUTS)]
            if absent:
                raise ValueError(f"a cell of {quantity(self.blocks, 'block')} has no {', '.join(absent)}")
        return self


def _require_each_once(operations: tuple[str, ...]) -> None:
    doubled = {name for name in operations if operations.count(name) > 1}
    if doubled:
        raise ValueError(f"operations lists {', '.join(sorted(doubled))} more than once; name each primitive once")
