"""Which weights a training ends with: the last ones, their moving average, or those that scored best."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, final

import torch
from torch import Tensor, nn

from nasframe.training.options import TrainingOptions

Weights = dict[str, Tensor]


@final
class KeptWeights:
    """Beside the network under training: the average of its weights, and the best of those that were measured.

    What is measured is the average where there is one. All of it is part of the training's state.
    """

    def __init__(self, network: nn.Module, options: TrainingOptions) -> None:
        self._network = network
        self._options = options
        self._average: Weights | None = None if options.ema is None else copied(network)
        self._best: Weights | None = None
        self._best_score: float | None = None
        self._last: Weights | None = None
        self._worse = 0

    @property
    def ended(self) -> bool:
        """Whether the score has not risen for as many measurements as the patience allows."""
        return self._options.patience is not None and self._worse >= self._options.patience

    def after_update(self, index: int) -> None:
        """Move the average towards the weights after update ``index`` (from 0).

        At the beginning it moves faster, by (1 + index) / (10 + index), so that it does not hold on to the
        initial weights (as TensorFlow's moving average with ``num_updates``).
        """
        if self._average is None or self._options.ema is None:
            return
        decay = min(self._options.ema, (1 + index) / (10 + index))
        with torch.no_grad():
            for name, tensor in self._network.state_dict().items():
                if tensor.is_floating_point():
                    self._average[name].lerp_(tensor, 1 - decay)
                else:
                    self._average[name].copy_(tensor)

    @contextmanager
    def show_kept(self) -> Iterator[None]:
        """The network with the average of its weights, where there is one, for as long as the context lasts."""
        if self._average is None:
            yield
            return
        own = copied(self._network)
        self._network.load_state_dict(self._average)
        try:
            yield
        finally:
            self._network.load_state_dict(own)

    def note(self, score: float) -> None:
        """Note the score of what was shown; call it within ``show_kept``."""
        if self._best_score is not None and score <= self._best_score:
            self._worse += 1
            return
        self._best_score, self._worse = score, 0
        if self._options.keep_best:
            self._best = copied(self._network)

    def choose(self) -> None:
        """End the training: the network gets the weights that it ends with."""
        chosen = self._best or self._average
        self._last = copied(self._network)
        if chosen is not None:
            self._network.load_state_dict(chosen)

    def state_dict(self) -> dict[str, Any]:
        """The weights under training, which are no longer the network's once it has ended, and all that is kept."""
        return {
            "network": self._network.state_dict() if self._last is None else self._last,
            "average": self._average,
            "best": self._best,
            "best_score": self._best_score,
            "worse": self._worse,
            "chosen": self._last is not None,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from a state; tensors come to where the network's are."""
        self._network.load_state_dict(state["network"])
        self._average, self._best = (self._placed(state.get(name)) for name in ("average", "best"))
        self._best_score, self._worse = state.get("best_score"), state.get("worse", 0)
        self._last = None
        if state.get("chosen"):
            self.choose()

    def go_on(self, state: dict[str, Any]) -> None:
        """Continue a training that had ended; the patience is counted anew, for the learning rate rises again."""
        self.load_state_dict({**state, "worse": 0, "chosen": False})

    def _placed(self, weights: Weights | None) -> Weights | None:
        if weights is None:
            return None
        own = self._network.state_dict()
        return {name: tensor.to(own[name].device) for name, tensor in weights.items()}


def copied(network: nn.Module) -> Weights:
    """The network's tensors by name, which later updates do not change."""
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
