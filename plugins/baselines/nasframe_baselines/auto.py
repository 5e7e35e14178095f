"""The strategy that the time allows."""

from __future__ import annotations

from typing import Any, ClassVar, final

from pydantic import Field
from typing_extensions import override

from nasframe import Circumstances, Deferring, Nominee
from nasframe import Options as BaseOptions
from nasframe.files.words import duration, quantity


@final
class Auto(Deferring):
    """Chooses by how many candidates can be trained in the time that there is.

    A model of noisy scores where there can be enough of them to learn from, else a search by gradient, which trains all
    networks at once; see the plug-in's README for the evidence.
    """

    name: ClassVar[str] = "auto"

    class Options(BaseOptions):
        """How long the search may take."""

        hours: float = Field(default=1.0, gt=0)
        """Of the search, by the clock, on this machine with the workers of ``run``; retraining comes after it."""
        smallest: float = Field(default=0.25, gt=0, le=1)
        """The smallest share of a full evaluation that still ranks candidates, as ``nasframe signal`` says it."""

    ENOUGH: ClassVar[int] = 12
    """Candidates that a model can learn from."""
    GOOD: ClassVar[int] = 40
    """Candidates up to which more of them are better than longer trainings."""
    MOST: ClassVar[int] = 500
    """Candidates beyond which none is asked for."""
    MANY: ClassVar[int] = 150
    """Candidates from which on looking around the best ones goes further than a model."""
    BY_CANDIDATES: ClassVar[tuple[str, ...]] = ("thompson", "local", "random")
    """Best first for few candidates; the first that can search here is taken."""

    @classmethod
    @override
    def choose(cls, options: Any, given: Circumstances) -> Nominee:
        """The strategy, with as many candidates or epochs as there is time for."""
        seconds = 3600 * options.hours
        each = given.seconds({"type": "random", "samples": 1, "budget": 1.0})
        possible = seconds * given.workers / max(each, 1e-6)
        facts = f"{duration(seconds)} are {possible:.3g} full evaluations of {duration(each)}"
        if possible / options.smallest >= cls.ENOUGH or given.refusal("darts") is not None:
            budget = round(min(1.0, max(options.smallest, possible / cls.GOOD)), 2)
            samples = int(min(cls.MOST, max(1, possible / budget)))
            names = cls.BY_CANDIDATES if samples < cls.MANY else cls.BY_CANDIDATES[1:]
            model = next((name for name in names if given.refusal(name) is None), names[-1])
            plan = f"{quantity(samples, 'candidate')}, each with {budget:.0%} of an evaluation, by {model!r}"
            return Nominee({"type": model, "samples": samples, "budget": budget}, f"{facts}: {plan}")
        whole = given.seconds({"type": "darts", "epochs": cls.EPOCHS, "validate_epochs": 0})
        finalists = min(cls.FINALISTS, int(cls.FOR_FINALISTS * possible / options.smallest))
        share = 1 - cls.FOR_FINALISTS if finalists > 1 and not given.finalists else 1.0
        epochs = max(2, int(cls.EPOCHS * share * seconds / whole))
        settings = {"epochs": epochs, "warmup_epochs": epochs // 2, "validate_epochs": 0, "arch_lr": "auto"}
        few = (
            f"too few for a model, so one network that holds all is trained for {quantity(epochs, 'epoch')} by 'darts'"
        )
        if share == 1:
            return Nominee({"type": "darts", **settings}, f"{facts}, {few}")
        compared = {"count": finalists, "budgets": [options.smallest]}
        best = f"and the {finalists} best of it are compared by trainings of {options.smallest:.0%}"
        return Nominee({"type": "darts", **settings}, f"{facts}, {few}, {best}", compared)

    EPOCHS: ClassVar[int] = 10
    """Of the search by gradient that is measured."""
    FINALISTS: ClassVar[int] = 8
    """At most."""
    FOR_FINALISTS: ClassVar[float] = 0.3
    """Share of the time for them, where the experiment asks for none."""
