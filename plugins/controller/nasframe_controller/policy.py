"""The controller: an LSTM that answers a space's questions in program order (Zoph and Le, ICLR 2017; NASNet)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor, nn

State = tuple[Tensor, Tensor]
"""Hidden and cell state of the LSTM, each (N, H)."""
Asked = tuple[str, tuple[object, ...]]
"""A question as it was asked: the decision's name and its options."""
Answered = tuple[Asked, int]
"""A question with the index of its answer."""


@final
class Question(nn.Module):
    """What is learned of one question: a softmax over its options, and an embedding of each answer."""

    def __init__(self, options: int, hidden: int) -> None:
        super().__init__()
        # Empty, because ready-made layers draw from torch's global generator, which belongs to the evaluator: a
        # question that is met in another step after resuming would change how that step's network begins.
        self.weight = nn.Parameter(torch.empty(options, hidden))
        self.bias = nn.Parameter(torch.empty(options))
        self.answers = nn.Parameter(torch.empty(options, hidden))

    def scores(self, hidden: Tensor) -> Tensor:
        """Logits of the options, (N, H) -> (N, K)."""
        return hidden @ self.weight.T + self.bias


@final
class Policy(nn.Module):
    """A distribution over genotypes: the product of one softmax for each question that is asked on the way.

    The LSTM reads the answer to the last question and scores the options of the next. Questions are met, not
    known beforehand, so conditional spaces need nothing of their own; a decision that offers other options
    after other answers is several questions.
    """

    def __init__(self, hidden: int, initial: float, seed: int) -> None:
        """Args: hidden: H, units of the LSTM; initial: bound of the uniform weights; seed: of all weights."""
        super().__init__()
        self.questions: dict[Asked, Question] = {}
        self._hidden = hidden
        self._initial = initial
        self._seed = seed
        self.start = nn.Parameter(torch.empty(hidden))
        self.cell = nn.LSTMCell(hidden, hidden)
        self._draw(self, "controller")

    def question(self, asked: Asked) -> Question:
        """What is known of a question; of one met for the first time, weights that follow from it and the seed."""
        if asked not in self.questions:
            question = Question(len(asked[1]), self._hidden)
            self._draw(question, repr(asked))
            self.questions[asked] = question
            self.add_module(f"question{len(self.questions)}", question)
        return self.questions[asked]

    def begin(self, count: int) -> tuple[Tensor, State]:
        """The first input, (N, H), and the first state, for N genotypes."""
        zero = self.start.new_zeros(count, self._hidden)
        return self.start.expand(count, -1), (zero, zero)

    def evaluate(self, genotypes: Sequence[Sequence[Answered]]) -> tuple[Tensor, Tensor]:
        """For N genotypes that are at least one answer long: log-probability and entropy, each (N,).

        The entropy is the sum of those of the softmaxes on the way. All genotypes go through the LSTM together; those
        that have no further question drop out.
        """
        order = sorted(range(len(genotypes)), key=lambda index: -len(genotypes[index]))
        inputs, state = self.begin(len(order))
        log_probability, entropy = self.start.new_zeros(len(order)), self.start.new_zeros(len(order))
        for position in range(len(genotypes[order[0]])):
            answered = [genotypes[index][position] for index in order if len(genotypes[index]) > position]
            count = len(answered)
            state = self.cell(inputs[:count], (state[0][:count], state[1][:count]))
            chosen, spread, inputs = self._answer(state[0], answered)
            log_probability = torch.cat([log_probability[:count] + chosen, log_probability[count:]])
            entropy = torch.cat([entropy[:count] + spread, entropy[count:]])
        places = torch.tensor(order).argsort()
        return log_probability[places], entropy[places]

    def _answer(self, hidden: Tensor, answered: Sequence[Answered]) -> tuple[Tensor, Tensor, Tensor]:
        """Log-probability and entropy of one answer each, (n,), and its embedding, (n, H); hidden is (n, H)."""
        rows: dict[Asked, list[int]] = {}
        for row, (asked, _) in enumerate(answered):
            rows.setdefault(asked, []).append(row)
        found = []
        for asked, members in rows.items():
            question = self.question(asked)
            answers = torch.tensor([answered[row][1] for row in members])
            log = question.scores(hidden[members]).log_softmax(-1)
            chosen = log.gather(1, answers[:, None])[:, 0]
            found.append((chosen, -(log.exp() * log).sum(-1), question.answers[answers]))
        places = torch.tensor([row for members in rows.values() for row in members]).argsort()
        chosen, spread, embedded = (torch.cat(parts)[places] for parts in zip(*found, strict=True))
        return chosen, spread, embedded

    def _draw(self, module: nn.Module, purpose: str) -> None:
        """Give a module weights that follow from the seed and the purpose alone."""
        words = np.random.SeedSequence([self._seed, zlib.crc32(purpose.encode())])
        generator = torch.Generator().manual_seed(int(words.generate_state(1)[0]))
        for parameter in module.parameters():
            nn.init.uniform_(parameter, -self._initial, self._initial, generator=generator)
