"""The settings of the Auto-DeepLab space; every one that the paper leaves open says so."""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator
from typing_extensions import override

from nasframe import Options
from nasframe.files.words import quantity

Primitive = Literal["sep_3x3", "sep_5x5", "atrous_3x3", "atrous_5x5", "avg_pool_3x3", "max_pool_3x3", "skip", "zero"]
PRIMITIVES: tuple[Primitive, ...] = get_args(Primitive)
"""In the paper's order."""
Count = Annotated[int, Field(ge=1)]
Momentum = Annotated[float, Field(gt=0, le=1)]


class NetworkOptions(Options):
    """The discrete network (stem, drop path, head); the defaults are those of the official code for the paper."""

    stem_filters: tuple[Count, Count, Count] = (64, 64, 128)
    """Channels of the three stem convolutions; the first and the last halve the resolution."""
    bn_affine: bool = True
    """Batch norms learn a scale and a shift."""
    bn_momentum: Momentum = 3e-4
    """Share of the newest batch in batch norms' running statistics. The paper's value suits its 1.5 million steps;
    a training of a few hundred steps needs about 0.1, or evaluation uses statistics from before the training."""
    bn_eps: float = Field(default=1e-3, gt=0)
    """Added to variances by the batch norms of stem and cells."""
    head_bn_eps: float = Field(default=1e-5, gt=0)
    """Added to variances by the batch norms of the head."""
    drop_path_keep: float = Field(default=0.7, gt=0, le=1)
    """Probability of keeping an operation in the last cell at the end of the training (scheduled drop path);
    1 switches it off. The paper does not state it; NASNet, whose schedule it is, uses 0.6 to 0.7."""
    aspp_filters: Count = 256
    """Channels of each branch of atrous spatial pyramid pooling (ASPP), and of its output."""
    aspp_rates: tuple[Count, ...] = (12, 24, 36)
    """Dilation rates of the 3x3 branches at output stride 8; at another stride s they are scaled by 8/s."""
    aspp_separable: bool = False
    """Depthwise-separable 3x3 branches. The public training script's default is true; the paper's counts need false."""
    image_pooling: bool = True
    """The ASPP branch that pools the whole image."""
    pooling_window: Count | None = None
    """Training crop in pixels, such as 769: evaluation on larger images then pools windows of this size, stride 1,
    as the official code does. None: always the whole image."""
    head_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Probability of zeroing an ASPP output value in training."""
    low_level_layer: int = Field(default=3, ge=0)
    """The decoder reads the last output at stride 4 among the stem's and those of layers 1 to this one.
    On the published path that is layer 3, the official code's cell 2."""
    low_level_filters: Count = 48
    """Channels to which the decoder reduces the low-level features."""
    decoder_filters: Count = 256
    """Channels of the decoder's two 3x3 convolutions."""
    decoder_separable: bool = False
    """Depthwise-separable convolutions in the decoder. As with ``aspp_separable``, the paper's counts need false."""


class AutoDeepLabOptions(Options):
    """The space, its supernet and, under ``network``, its discrete networks; the defaults are the paper's search."""

    layers: Count = 12
    """L: cells on a path."""
    levels: Count = 4
    """Resolution levels, at the strides 4, 8, 16, …"""
    blocks: Count = 5
    """B: blocks of a cell; a cell outputs all of them, concatenated."""
    operations: tuple[Primitive, ...] = Field(default=PRIMITIVES, min_length=1)
    """Primitives on an edge. ``zero`` takes part in the mixing and is never derived."""
    filters: Count = 8
    """F: a node at stride s has F·s/4 channels in its blocks, B·F·s/4 at its output. The paper searches with 8;
    its networks S, M and L have 20, 32 and 48."""
    sep_repeats: Count = 2
    """How often a separable convolution is applied. 2 is proved by the final networks' counts;
    the paper does not state it for the search."""
    atrous_separable: bool = False
    """Depthwise-separable atrous convolutions. Dense ones are proved by the final networks' counts;
    the paper does not state it for the search."""
    share_node_weights: bool = True
    """Supernet: the evaluations arriving at one node use one set of cell weights (48.3 million parameters); false:
    each has its own (97.9 million). Their input preprocessing is always their own. The paper does not state it."""
    partial_channels: Count = 1
    """Supernet: K of PC-DARTS (paper: 4). 1/K of a cell's channels go through the mixed operations, the others pass
    them by, and the edges into a block get weights of their own; K must divide ``filters``. 1: all channels, and no
    such weights. What is derived is built with all channels. Needs ``implementation: plain``."""
    stem_filters: tuple[Count, Count] | None = None
    """Supernet: channels of the two stem convolutions. None: B·F·s/4 at the strides 2 and 4, so 20 and 40.
    The paper does not state it."""
    reduction: Literal["conv_3x3", "factorised"] = "conv_3x3"
    """Supernet: how a tensor is brought to a coarser stride before a cell: a strided 3x3 convolution, or two strided
    1x1 convolutions of shifted pixels (DARTS). The paper says "stride-2 convolution" and does not state its size."""
    bn_affine: bool = False
    """Supernet: batch norms learn a scale and a shift. The paper does not state it; DARTS has them off."""
    pool_norm: bool = True
    """Supernet: a batch norm after each pooling primitive. The paper does not state it; DARTS has it."""
    bn_momentum: Momentum = 0.1
    """Supernet: share of the newest batch in batch norms' running statistics. The paper does not state it."""
    bn_eps: float = Field(default=1e-5, gt=0)
    """Supernet: added to variances by batch norms. The paper does not state it."""
    aspp_reach: Count = 96
    """Supernet: dilation in pixels of the heads' 3x3 branches; at stride s the rate is this over s."""
    arch_init: float = Field(default=1e-3, ge=0)
    """Supernet: standard deviation of the initial alphas and betas."""
    checkpoint: bool = False
    """Supernet: keep no activations inside cells but compute them again in the backward pass: the same numbers,
    less memory, more time."""
    implementation: Literal["stacked", "plain"] = "stacked"
    """Supernet: ``stacked`` computes all operations and moves that arrive at a node together, in few calls;
    ``plain`` is the paper's text written out, one call for each. Both compute the same from the same seed."""
    decode: Literal["literal", "unbiased"] = "literal"
    """How betas become a path. ``literal`` (the paper, Eq. 7): the most probable path. As a border level has two moves
    of about 1/2 where others have three of 1/3, near-equal betas then give a path along the finest level.
    ``unbiased`` divides each probability by the mean of its node's moves first, and makes of noise what random paths
    are; the paper does not have it."""
    network: NetworkOptions = NetworkOptions()
    """The discrete network."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.levels > self.layers + 1:
            raise ValueError(
                f"levels={self.levels} cannot all be reached in layers={self.layers}: a layer goes at most one level "
                f"coarser; give at most {quantity(self.layers + 1, 'level')} or more layers"
            )
        if self.partial_channels > 1 and self.implementation == "stacked":
            raise ValueError(
                f"partial_channels={self.partial_channels} needs implementation: plain; the stacked supernet operates "
                "on all channels"
            )
        doubled = [name for name in PRIMITIVES if self.operations.count(name) > 1]
        if doubled:
            raise ValueError(f"operations lists {', '.join(doubled)} more than once; name each primitive once")
        if not self.kept_operations:
            raise ValueError("operations holds 'zero' alone, which is never derived; add another primitive")
        return self

    @override
    def lighter(self, phase: Literal["search", "retrain"]) -> list[dict[str, bool]]:
        """The activations of the supernet's cells computed again."""
        return [{"checkpoint": True}] if phase == "search" and not self.checkpoint else []

    @property
    def kept_operations(self) -> tuple[Primitive, ...]:
        """The primitives that may be derived: all but ``zero``."""
        return tuple(name for name in self.operations if name != "zero")
