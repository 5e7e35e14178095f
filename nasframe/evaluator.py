"""The evaluator: what turns a candidate into a score; it owns the data and the loss."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from nasframe.genotype import Genotype
from nasframe.options import Options as BaseOptions
from nasframe.space import ImageSizes, Labels, Size, Task

if TYPE_CHECKING:
    from torch import Tensor, nn

    from nasframe.outputs import Outputs
    from nasframe.stepper import Stepper

Model = Callable[["Tensor"], "Tensor | Outputs"]
"""A network, or a closure over one; a network in eval mode returns one tensor, see ``nasframe.outputs``."""


Curve = tuple[tuple[float, float], ...]
"""Scores during a training, each after which share of its steps."""

Split = Literal["weights", "arch", "train", "val"]
"""``weights`` and ``arch`` are disjoint halves of ``train``: a search trains weights on the one, architecture
parameters on the other; retraining uses ``train``; ``val`` is never trained on. In a search an evaluator may call
``weights`` its ``train`` and ``arch`` its ``val``, so that no strategy can see what retraining is measured on."""


@dataclass(frozen=True)
class Runtime:
    """Where and how the numbers are computed; it is decided once for all components."""

    seed: int = 0
    device: str = "cpu"
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    """The type used inside autocast; float32: no autocast."""
    phase: Literal["search", "retrain"] = "retrain"
    """What the numbers are for: to select by, or to report."""
    image_sizes: ImageSizes = field(default_factory=ImageSizes)
    """Which sizes the networks take: those of the space."""


@dataclass(frozen=True)
class Batch:
    """Some examples, on the device."""

    inputs: Tensor
    """(N, in_channels, H, W)."""
    targets: Tensor
    names: tuple[str, ...]
    """Where each example comes from (file names), for messages."""


@dataclass(frozen=True)
class Table:
    """Rows for people: per-class scores, a confusion matrix."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]


@dataclass(frozen=True)
class Evaluation:
    """What an evaluator says of a candidate."""

    score: float
    """The number to maximise: higher is better, always. Of a metric of which less is better, minus it."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """All numbers by name as they are, first the one that the score is or is minus of; fractions, not percent."""
    tables: Mapping[str, Table] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    """How it was measured, as plain data for people: on which split, how many images, at which size, how averaged."""
    failure: str = ""
    """Why there is no score, which then is a stand-in; empty: there is one. The core sets it and the budget."""
    budget: float = 1.0
    """Share of a full evaluation that this is the result of; less than was asked for where it was stopped early."""
    curve: Curve = ()
    """Scores on ``val`` during the training, each after which share of it; the core notes them where it prunes."""

    def to_dict(self, *fields: str) -> dict[str, Any]:
        """Some of its fields as plain data, in the order of their names here."""
        tables = {
            name: {"columns": [*one.columns], "rows": [*map(list, one.rows)]} for name, one in self.tables.items()
        }
        whole = {**vars(self), "metrics": {**self.metrics}, "tables": tables, "conditions": {**self.conditions}}
        return {name: whole[name] for name in fields}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Evaluation:
        """Score, metrics, failure, budget and curve of plain data; what else they hold does not count."""
        curve = tuple((share, score) for share, score in data.get("curve", ()))
        return cls(data["score"], data["metrics"], failure=data["failure"], budget=data["budget"], curve=curve)


@dataclass(frozen=True)
class Candidate:
    """A genotype with its lazy network: an evaluator that needs no network never builds it."""

    genotype: Genotype
    build: Callable[[], nn.Module]


class Evaluator(ABC):
    """Turns a candidate into a score.

    Subclasses declare ``name``, a nested ``Options``, set ``task`` when constructed and add capabilities below.
    Construction finds and checks the data, so that errors come before any training.
    """

    name: ClassVar[str]
    Options: ClassVar[type[BaseOptions]] = BaseOptions
    labels: ClassVar[Labels | None] = None
    """What it wants labelled; None: its data tell."""
    task: Task
    failing_score: float = 0.0
    """What a failed candidate is taken to score where no worse one is known: as much as a network that has learned
    nothing. An evaluator whose scores may be below 0 sets it in ``prepare``."""

    def __init__(self, options: BaseOptions | None = None, runtime: Runtime | None = None) -> None:
        """Args: options: of this class's ``Options``, None: the defaults; runtime: None: CPU, float32, seed 0."""
        self.options = self.Options() if options is None else options
        self.runtime = Runtime() if runtime is None else runtime
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Find and check the data and set ``task``; called once, when constructed.

        Raises:
            DataError: what is wrong with the data, all of it at once, by file name.
        """

    @abstractmethod
    def evaluate(self, candidate: Candidate, budget: float = 1.0) -> Evaluation:
        """The score of a candidate at a share of a full evaluation (1.0: the evaluator's own recipe)."""

    @classmethod
    def input_sizes(cls, options: Any) -> Mapping[str, Size]:
        """The image sizes in which networks are shown data, besides ``task.size``, by what they are: a training crop.

        They follow from the options alone, for ``nasframe check``, which reads no data: it must not import torch. Sizes
        that the space's networks do not take are refused. Default: none.

        Args:
            options: of this class's ``Options``.
        """
        return {}

    def record(self) -> Mapping[str, Any]:
        """Plain facts to keep in the run folder, such as which images are in which split; default: none."""
        return {}

    def remarks(self) -> Sequence[str]:
        """What a user should know of the data before a run, in sentences without the full stop; default: nothing.

        A run says it at its start, and its report warns of it. It is asked for at each start, and should take seconds.
        """
        return ()

    def fingerprint(self) -> Mapping[str, str]:
        """What identifies the data: by the name of each file, relative to the data's folder, its size and content.

        A run records it when it begins, and refuses to go on with other data. A file's text is made by
        ``nasframe.files.fingerprints.fingerprint_of``. It is asked for once, at the start of each run, and should take
        seconds. Default: none, for data that follow from the options, or whose changes nobody needs to notice.
        """
        return {}


class EvaluatorCapability(ABC):  # noqa: B024  it says whose a capability is, and asks for no method
    """What an evaluator may offer beyond its scores: a refusal names the evaluator as the one that lacks it."""


class Differentiable(EvaluatorCapability):
    """Batches and a loss, so that gradient strategies can use an evaluator."""

    @abstractmethod
    def batches(self, split: Split, start: int = 0) -> Iterator[Batch]:
        """An endless stream of batches from number ``start`` on.

        Batch k is a pure function of (seed, split, k): its images, crops and flips. So a resumed run sees
        the very same batches, and a checkpoint holds no iterator.
        """

    @abstractmethod
    def epoch_steps(self, split: Split) -> int:
        """How many batches make one pass over the split, at least 1."""

    @abstractmethod
    def loss(self, model: Model, batch: Batch) -> Tensor:
        """A scalar on the graph, finite even where every target is void; the model is any callable.

        Where it returns several outputs, it is the weighted sum of their losses: see ``nasframe.total_loss``.
        """

    @abstractmethod
    def measure(self, model: Model) -> Evaluation:
        """The score on all of ``val``, without training; a module is put in eval mode meanwhile.

        Raises:
            RunError: what the model says is not finite, as ``nasframe.training.finite.require_finite`` tells.
        """


class HoldsOut(EvaluatorCapability):
    """Setting data aside that nothing is trained on, watched by or selected on, for the final score."""

    @abstractmethod
    def measure_holdout(self, model: Model) -> Evaluation | None:
        """The score on what is set aside, called once, at the end; None: the options set nothing aside."""


class Validating(ABC):
    """A training, as a ``Stepper``, that measures ``val`` now and then."""

    @property
    @abstractmethod
    def validates(self) -> bool:
        """Whether it is set to measure at all."""

    @property
    @abstractmethod
    def validation(self) -> Evaluation | None:
        """What the last step ended with measuring; None: it did not."""

    def concluded(self, last: Evaluation) -> Evaluation:
        """The result of the training once it is done.

        Default: what was measured last. A training whose score rests on earlier measurements too changes the score
        alone.

        Args:
            last: what was measured after the last step.
        """
        return last


class Trainable(Differentiable):
    """An evaluation that is a training, which the core runs, checkpoints and resumes step by step."""

    @abstractmethod
    def training(self, network: nn.Module, budget: float = 1.0) -> Stepper:
        """The training of a network by this evaluator's recipe, not yet begun; the network is trained in place."""
