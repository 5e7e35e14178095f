"""One evaluation of one candidate, whose failure is a result."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

from nasframe.errors import GenotypeError, NasframeError, RunError
from nasframe.evaluator import Candidate, Evaluation, Evaluator
from nasframe.genotype import Genotype
from nasframe.space import SearchSpace


def attempt(space: SearchSpace, evaluator: Evaluator, genotype: Genotype, budget: float) -> Evaluation:
    """What an evaluator says of a genotype, or why it has nothing to say: then ``failure`` holds the reason.

    Whatever goes wrong with the candidate is a failure: a loss that is not finite, memory that does not suffice, a
    network that cannot be built.

    Raises:
        NasframeError: something is wrong that no other candidate could mend, such as a missing file.
    """
    try:
        build = partial(space.build, genotype, evaluator.task)
        result = evaluator.evaluate(Candidate(genotype, build), budget)
    except (RunError, GenotypeError) as error:
        return failed(str(error), budget)
    except NasframeError:
        raise
    except Exception as error:  # a result with a reason, which the run records and shows
        return failed(_reason(error), budget)
    numbers = {"score": result.score, **result.metrics}
    wrong = [f"{name} is {value}" for name, value in numbers.items() if not math.isfinite(value)]
    if wrong:
        return failed(f"{', '.join(wrong)}; metrics must be finite", budget)
    return replace(result, budget=budget)


def failed(reason: str, budget: float) -> Evaluation:
    """An evaluation that came to nothing."""
    return Evaluation(0.0, failure=reason, budget=budget)


def _reason(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
