"""How the operations are chosen once the architecture is trained: by their logits, or by what the supernet loses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import networkx as nx
import torch
from torch import Tensor
from typing_extensions import override

from nasframe.graph import part, parts
from nasframe.supernet import Supernet
from nasframe_darts.logits import logits_by_name, set_to


@final
@dataclass(frozen=True)
class FinishedSearch:
    """What a selection is given of a search whose bilevel steps are done."""

    supernet: Supernet
    """Its architecture parameters are written as the selection wants; they are not trained any more."""
    score: Callable[[], float]
    """Of the supernet on ``val``, at mixing weights without noise."""
    tune: Callable[[], Mapping[str, float]]
    """One more update of the weights; its metrics."""


class Selection(ABC):
    """What comes after the bilevel steps: steps of its own, and then deriving as always."""

    @property
    @abstractmethod
    def steps(self) -> int:
        """How many."""

    def check(self, supernet: Supernet) -> None:  # noqa: B027  a hook
        """Check before the first bilevel step that the supernet is one for this selection; default: all are.

        Raises:
            CapabilityError: it is not.
        """

    @abstractmethod
    def kind(self, number: int) -> str:
        """What its step ``number`` (from 0) does, in a word or two; steps of one kind cost the same."""

    @abstractmethod
    def step(self, number: int, finished: FinishedSearch) -> Mapping[str, float]:
        """Do step ``number`` (from 0) and return its metrics by name."""

    def state_dict(self) -> dict[str, Any]:
        """What later steps depend on, tensors and plain data only; default: nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:  # noqa: B027  a hook
        """Continue from a state; default: there is none."""


@final
class Argmax(Selection):
    """No steps: the strongest logits, as deriving takes them."""

    @property
    @override
    def steps(self) -> int:
        return 0

    @override
    def kind(self, number: int) -> str:
        raise IndexError(number)

    @override
    def step(self, number: int, finished: FinishedSearch) -> Mapping[str, float]:
        raise IndexError(number)


@final
@dataclass(frozen=True)
class WeightRow:
    """A row of operation weights that one operation is to be chosen from."""

    array: str
    """The name of the array that it is in."""
    place: tuple[int, ...]
    """Where it is there."""
    candidates: tuple[int, ...]
    """Places in the row of the operations that may be chosen: all but those that give nothing."""


def rows(graph: nx.DiGraph) -> list[WeightRow]:
    """The rows of a space's graph that leave a choice, in reading order, each once."""
    zeros = graph.graph.get("zeros", ())
    found = {}
    for name in parts(graph):
        for _, _, data in part(graph, name).edges(data=True):
            array, *place = data.get("weight") or (None,)
            kept = tuple(k for k, operation in enumerate(data.get("operations", ())) if operation not in zeros)
            if array is not None and len(kept) > 1:
                found[array, tuple(place)] = WeightRow(array, tuple(place), kept)
    return list(found.values())


@final
class PerturbationSelection(Selection):
    """Chooses on each edge the operation without which the supernet scores worst (DARTS-PT).

    Wang, Cheng, Chen, Tang, Hsieh, Rethinking Architecture Selection in Differentiable NAS, ICLR 2021, arXiv
    2108.04392, algorithm 1: edge by edge, o = argmin_o score(supernet without o); all others are then taken from the
    edge, and the weights are trained on for a while. A step is one score or one update of the weights.

    The chosen operation gets its edge's largest logit, so edges and moves are derived from the logits as always, where
    the paper goes on to remove edges. The order is that of reading, where the paper draws one.
    """

    def __init__(self, rows: Sequence[WeightRow], tune_steps: int) -> None:
        """Args: tune_steps: updates of the weights after each edge but the last."""
        self._rows = rows
        tuning = [None] * tune_steps
        plan = [[(place, one) for one in (*row.candidates, *tuning)] for place, row in enumerate(rows)]
        work = [step for steps in plan for step in steps]
        self._work = work[: len(work) - tune_steps]
        self._before: list[Tensor] = []
        self._chosen: list[int] = []
        self._scores: list[float] = []

    @property
    @override
    def steps(self) -> int:
        return len(self._work)

    @override
    def check(self, supernet: Supernet) -> None:
        logits_by_name(supernet, "strategy.select.by: perturbation")

    @override
    def kind(self, number: int) -> str:
        return "tuning" if self._work[number][1] is None else "selection"

    @override
    def step(self, number: int, finished: FinishedSearch) -> Mapping[str, float]:
        supernet = finished.supernet
        place, candidate = self._work[number]
        if number == 0:
            self._before = [parameter.detach().clone() for parameter in supernet.arch_parameters()]
        self._take_away(supernet, place, candidate)
        try:
            return finished.tune() if candidate is None else self._weigh_up(place, finished.score())
        finally:
            self._favour_the_chosen(supernet)

    @override
    def state_dict(self) -> dict[str, Any]:
        found = {"before": self._before, "chosen": list(self._chosen), "scores": list(self._scores)}
        return found if self._before else {}

    @override
    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._before, self._chosen, self._scores = (
            list(state.get(name, ())) for name in ("before", "chosen", "scores")
        )

    def _weigh_up(self, place: int, score: float) -> Mapping[str, float]:
        """Note a score, and choose once all of a row are known; of equal ones the first."""
        self._scores.append(score)
        candidates = self._rows[place].candidates
        if len(self._scores) == len(candidates):
            self._chosen.append(candidates[self._scores.index(min(self._scores))])
            self._scores = []
        return {"score_without": score}

    @torch.no_grad()
    def _take_away(self, supernet: Supernet, place: int, candidate: int | None) -> None:
        """From each decided row all that was not chosen, and from this one the candidate; what is gone is -inf."""
        set_to(supernet.arch_parameters(), self._before)
        logits = logits_by_name(supernet, "")
        for row, chosen in zip(self._rows, self._chosen, strict=False):
            entries = logits[row.array][row.place]
            kept = float(entries[chosen])
            entries.fill_(-torch.inf)
            entries[chosen] = kept
        if candidate is not None:
            logits[self._rows[place].array][self._rows[place].place][candidate] = -torch.inf

    @torch.no_grad()
    def _favour_the_chosen(self, supernet: Supernet) -> None:
        """The logits of before, but in each decided row the chosen candidate and the strongest one change places."""
        set_to(supernet.arch_parameters(), self._before)
        logits = logits_by_name(supernet, "")
        for row, chosen in zip(self._rows, self._chosen, strict=False):
            entries = logits[row.array][row.place]
            strongest = max(row.candidates, key=lambda one: float(entries[one]))
            entries[[chosen, strongest]] = entries[[strongest, chosen]]
