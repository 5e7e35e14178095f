"""The search space: a set of architectures, as questions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, final

from nasframe.errors import CapabilityError
from nasframe.genotype import Choose, Genotype, GenotypeRecord, is_legal
from nasframe.options import Options as BaseOptions

if TYPE_CHECKING:
    import networkx as nx
    from torch import Tensor, nn

    from nasframe.decode import Design
    from nasframe.supernet import Supernet, SupernetCosts, SwitchableSupernet

Size = tuple[int, int]
"""Height and width in pixels."""

Labels = Literal["pixels", "images"]
"""What a network gives a label to: every pixel, or whole images."""

Weigh = Callable[["Tensor"], "Tensor"]
"""Logits (..., K) -> mixing weights (..., K). An absent option has the logit -inf and must get the weight 0."""


@dataclass(frozen=True)
class Task:
    """What a network has to do, as its evaluator says it."""

    in_channels: int
    num_classes: int
    """Channels of the output: classes, or, where numbers are learned, how many, such as 16 heat maps."""
    size: Size
    """Height and width in pixels of a whole evaluation image; the size at which costs are counted."""
    dense: bool = True
    """True: a label a pixel, logits (N, num_classes, H, W) at input size; False: one an image, (N, num_classes)."""
    stride: int = 1
    """Of a dense task: pixels of an image to a pixel of the output, down and to the right; 4: a quarter of its size."""

    @property
    def labels(self) -> Labels:
        """What gets a label."""
        return "pixels" if self.dense else "images"

    def output_shape(self, count: int, size: Size | None = None) -> tuple[int, ...]:
        """The shape of each output of a network for so many images; a fraction of a pixel is rounded up.

        Args:
            size: of the images; None: the task's.
        """
        places = (-(-side // self.stride) for side in (size or self.size)) if self.dense else ()
        return count, self.num_classes, *places


@final
@dataclass(frozen=True)
class ImageSizes:
    """The image sizes that networks take: each side is a multiple of so many pixels, plus some, from the least on.

    ``ImageSizes()``: any. ``ImageSizes(32)``: 32, 64, 96. ``ImageSizes(32, plus=1, least=97)``: 97, 129, 161.
    """

    multiple: int = 1
    plus: int = 0
    """Pixels that a side has more than a multiple."""
    least: int = 1
    """The smallest side in pixels; where it does not fit itself, the next that does."""

    def fit(self, size: Size) -> bool:
        """Whether networks take images of a size."""
        return self.enlarged(size) == size

    def enlarged(self, size: Size) -> Size:
        """The smallest size that fits and has no side smaller than this one's."""
        height, width = (self._above(side) for side in size)
        return height, width

    def nearest(self, size: Size) -> list[Size]:
        """The sizes that fit next to one that does not: one with smaller sides, if there is one, and a larger one."""
        height, width = (max(self._above(1), self._above(side - self.multiple + 1)) for side in size)
        return list(dict.fromkeys([(height, width), self.enlarged(size)]))

    def described(self) -> str:
        """In words: ``sides of 32·n + 1 pixels, at least 97``."""
        if self.multiple == 1:
            return f"sides of {self._above(1)} pixels or more"
        least = f", at least {self._above(1)}" if self.least > self.multiple else ""
        return f"sides of {self.multiple}·n{f' + {self.plus}' if self.plus else ''} pixels{least}"

    def _above(self, side: int) -> int:
        """The smallest side that fits and is no smaller than one."""
        return -(-(max(side, self.least) - self.plus) // self.multiple) * self.multiple + self.plus


class SearchSpace(ABC):
    """A set of architectures, asked as questions in program order.

    Subclasses declare ``name``, a nested ``Options`` and the three methods; everything sample-based (drawing,
    mutation, crossover, enumeration, encoding; see ``nasframe.genotype``) follows from ``decide``. Keep the
    module light: import torch and the network code inside ``build`` and ``relax``, so that checking an
    experiment loads neither.
    """

    name: ClassVar[str]
    Options: ClassVar[type[BaseOptions]] = BaseOptions
    labels: ClassVar[tuple[Labels, ...]] = ("pixels", "images")
    """What its networks can label; an evaluator that wants something else is refused before any data are read."""

    def __init__(self, options: BaseOptions | None = None) -> None:
        """Args: options: of this class's ``Options``; None: the defaults."""
        self.options = self.Options() if options is None else options

    def image_sizes(self) -> ImageSizes:
        """Which image sizes its networks take; default: any.

        An evaluator is told them as its runtime's ``image_sizes``. What it trains on has to fit, or is refused with the
        sizes that would; whole images of a dense task it pads (``nasframe.inference.padded``). This is asked by
        ``nasframe check``: it must not import torch.
        """
        return ImageSizes()

    @abstractmethod
    def decide(self, choose: Choose) -> None:
        """Ask every decision, by ``choose(name, options)``; what is asked later may depend on earlier answers.

        Names are unique, like ``cell/b2/inputs``; options are strings, numbers or tuples of them.
        """

    @abstractmethod
    def build(self, genotype: Genotype, task: Task) -> nn.Module:
        """The network of a genotype.

        In eval mode it maps (N, in_channels, H, W) to one tensor of ``task.output_shape(N, (H, W))``, for a dense task
        logits (N, num_classes, H, W), whatever H and W that ``image_sizes`` fit. In training mode it may return
        ``nasframe.Outputs`` instead: several such tensors, which are all supervised.
        Weights are initialised from torch's global generator, which the caller has seeded.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """

    @abstractmethod
    def graph(self, genotype: Genotype | None = None) -> nx.DiGraph:
        """The space, or one genotype in it, as a graph with the attributes that ``nasframe.graph`` documents.

        The graph of a genotype is a subgraph of the whole, and of the same class: a ``MultiDiGraph`` where several
        edges join the same two nodes.
        """


def require_labels(space: SearchSpace, task: Task) -> None:
    """See that a task wants what a space's networks can label: for a ``build`` that is called without an experiment.

    Raises:
        CapabilityError: it wants something else.
    """
    if task.labels in space.labels:
        return
    wanted, made, other = (
        ("for every pixel", "whole images", "image classification")
        if task.dense
        else ("for each image", "pixels", "segmentation")
    )
    raise CapabilityError(
        f"the task wants a label {wanted}; space {space.name!r} makes networks that label {made}: use an evaluator of "
        f"{other}"
    )


def size_misfits(space: SearchSpace, sizes: Mapping[str, Size]) -> list[str]:
    """Which of some image sizes a space's networks do not take, each as a phrase with the nearest that they do.

    Args:
        sizes: by what they are, such as ``a training crop``.
    """
    taken = space.image_sizes()
    return [
        f"{what} is {_pixels(size)} (height x width), but networks of space {space.name!r} take {taken.described()}: "
        f"{' or '.join(map(_pixels, taken.nearest(size)))} would fit"
        for what, size in sizes.items()
        if not taken.fit(size)
    ]


def _pixels(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


class SpaceCapability(ABC):  # noqa: B024  it says whose a capability is, and asks for no method
    """What a space may offer beyond its questions: a refusal names the space as the one that lacks it."""


class Relaxable(SpaceCapability):
    """A space that can be relaxed to a supernet, so that gradient strategies can search it."""

    @abstractmethod
    def relax(self, task: Task, weigh: Weigh) -> Supernet:
        """The supernet that holds all candidates, mixing them by ``weigh``."""

    def computed_by(self, device: str) -> Mapping[str, str]:
        """What the supernet's last digits depend on besides the options, such as compiled kernels; default: nothing."""
        return {}


class Switchable(SpaceCapability):
    """A space of which one supernet can run as any single genotype, so that one-shot strategies can search it."""

    @abstractmethod
    def switchable(self, task: Task) -> SwitchableSupernet:
        """A supernet in which all genotypes share their weights, initialised from torch's global generator."""


class Inheriting(SpaceCapability):
    """A space whose networks can start from what a supernet has learned (weight inheritance).

    The space that is asked is that of the networks; the supernet is of a space of the same class, whose options may
    differ where they change no decision.
    """

    @abstractmethod
    def inherited(self, supernet: Supernet | SwitchableSupernet, genotype: Genotype) -> Mapping[str, Tensor]:
        """Copies of the tensors of a supernet that belong to a genotype, by the names of its network's.

        All that has a counterpart by its place, whatever its shape, parameters and buffers; a name that the network
        does not have is allowed.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """

    @abstractmethod
    def one_hot(self, supernet: Supernet | SwitchableSupernet, genotype: Genotype) -> nn.Module:
        """The supernet as this genotype alone: all mixing weights are 1 for what it takes and 0 for all else.

        It has the supernet's weights, its own or copies, so that taking its running statistics anew may change those of
        the supernet.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """

    def unlike(self, search: SearchSpace) -> str:
        """Why by the options alone no network of this space could start from a supernet of that one, in a phrase.

        Empty, as is the default: nothing speaks against it. For ``nasframe check``: it must not import torch.
        """
        return ""


class Canonical(SpaceCapability):
    """A space in which several genotypes can stand for one network, and which can tell."""

    @abstractmethod
    def canonical(self, genotype: Genotype) -> Genotype:
        """The one genotype that represents all those of the same network; itself legal and its own canonical form.

        Two genotypes are the same network, up to the random numbers in its weights, if and only if their canonical
        forms are equal as far as the space knows.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """

    def signature(self, genotype: Genotype) -> str:
        """What genotypes of the same network have in common under whatever options of the space, as text for a hash.

        Empty, as is the default: the canonical form and its graph say it. A space needs one if its canonical form keeps
        to its options, as of a cell that gives out given states.

        Raises:
            GenotypeError: the genotype is not legal in this space.
        """
        return ""


def canonical_form(space: SearchSpace, genotype: Genotype) -> Genotype:
    """The one genotype that stands for all of the same network; itself, where the space does not say.

    Raises:
        GenotypeError: it is not legal.
    """
    stage = stage_of(space, genotype)
    return stage.canonical(genotype) if isinstance(stage, Canonical) else genotype


class Dialect(Protocol):
    """A form of text in which other programs write a space's genotypes."""

    def read(self, text: str, /) -> GenotypeRecord:
        """The genotype that a text stands for, with those of the space's options that the text settles.

        Nothing of the text is ever executed.

        Raises:
            GenotypeError: the text is not of this form, or stands for something that the space does not have; says
                what was found, on which line, and what was expected.
        """

    def write(self, genotype: Genotype, /) -> str:
        """The text for a genotype, which ``read`` reads back equal.

        Raises:
            GenotypeError: the genotype is not legal in the space, or the form cannot say it.
        """


class Translatable(SpaceCapability):
    """A space whose genotypes other programs write in forms of their own."""

    @abstractmethod
    def dialects(self) -> Mapping[str, Dialect]:
        """The forms by name. Of several that a text fits, it is taken to be of the first."""


class Measure(Protocol):
    """What a part of a network costs, by names such as ``params`` and ``macs``; costs of parts add up."""

    def __call__(self, build: Callable[[], nn.Module], /, *shapes: tuple[int, ...]) -> Mapping[str, float]:
        """The costs of the module that ``build`` makes, for inputs of these shapes, batch included."""


class Priced(SpaceCapability):
    """A space with a trellis that says what each path costs, so that paths can be found within bounds."""

    @abstractmethod
    def priced_trellis(self, genotype: Genotype, task: Task, measure: Measure) -> nx.DiGraph:
        """A trellis whose paths cost what their networks cost.

        Its paths, from the one node where moves begin to the nodes where they end, are those of the trellis in
        ``graph()``, each once. Its nodes carry ``layer``, ``level`` and ``place``, the name in ``graph()``; where a
        cost depends on how a path got to a place, several nodes stand for one place. Nodes and moves carry costs
        under the names that ``measure`` gives them. Their sum over a path is the cost of the whole network.

        Args:
            genotype: everything but its path counts: its cells, say.
            task: at whose size networks work.
            measure: what tells costs; call it for each part of a network, once for equal parts.
        """


class Costed(SpaceCapability):
    """A relaxable space that says what mixing weights make its networks cost, so that gradients can keep to bounds."""

    @abstractmethod
    def supernet_costs(self, task: Task) -> SupernetCosts:
        """The costs of the networks of a task, counted at its size, as ``nasframe.cost.count`` counts them."""


class Landmarked(SpaceCapability):
    """A space with a trellis that knows designs of others as paths, beside which the found ones are shown."""

    @abstractmethod
    def designs(self) -> Sequence[Design]:
        """Each under a name of its own; those that do not fit the trellis, by depth or levels, are passed over."""


class Growing(SpaceCapability):
    """A space that can be searched from small networks to large ones, as PNAS grows cells block by block.

    The small ones need not be its own: a cell of two blocks is none of a space of five. It names the spaces that they
    are of, so that its own questions, and what is drawn by them, stay as they are.
    """

    @abstractmethod
    def growth(self) -> Sequence[SearchSpace]:
        """The spaces that it grows through, that of the smallest networks first, and itself last.

        All have its name and label what it labels. A genotype of a stage grows to those of the next one that repeat
        every answer to which it had a choice (``nasframe.genotype.chosen``), and there is always one. A stage may
        ask a question of the next one with one option alone: that answer is then not repeated but open.
        """


def stage_of(space: SearchSpace, genotype: Genotype) -> SearchSpace:
    """The space that a genotype is of, which builds it: this one, or a smaller one that it grows through.

    This one also where the genotype is legal in none of them; what it is then asked says what is wrong.
    """
    if not isinstance(space, Growing) or is_legal(space, genotype):
        return space
    return next((stage for stage in space.growth() if is_legal(stage, genotype)), space)
