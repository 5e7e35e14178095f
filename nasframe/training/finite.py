"""Networks and results that are not finite: noticed where a network is measured, used or exported."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nasframe.errors import RunError, listed
from nasframe.evaluator import Evaluation, Model
from nasframe.files.words import quantity

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["require_finite", "require_finite_numbers"]


def require_finite(found: Tensor, names: Sequence[str], model: Model) -> None:
    """See that what a network says of some examples is finite, by one sum of all of it.

    Without it the most probable class of an answer that is NaN would be the first.

    Args:
        found: logits or probabilities, (N, ...).
        names: of the N examples, for the message.
        model: what said so.

    Raises:
        RunError: something is NaN or infinite; names the first such example, and tensors of the network that are not
            finite either.
    """
    if math.isfinite(float(found.sum())):  # a finite sum has no other terms; another may also have overflowed
        return
    for one, name in zip(found, names, strict=True):
        wrong = int((~one.isfinite()).sum())
        if wrong:
            undefined = int(one.isnan().sum())
            values = quantity(one.numel(), "value")
            raise RunError(
                f"what the network says of {name} is not finite: of {values} {undefined:,} are NaN and "
                f"{wrong - undefined:,} infinite; {_cause(model)}"
            )


def require_finite_numbers(result: Evaluation) -> None:
    """See that the score and all metrics are finite.

    Raises:
        RunError: they are not; names those.
    """
    numbers = {"score": result.score, **result.metrics}
    wrong = [f"{name} is {value}" for name, value in numbers.items() if not math.isfinite(value)]
    if wrong:
        raise RunError(f"{', '.join(wrong)}; metrics must be finite")


def _cause(model: Model) -> str:
    """Where to look, by whether the network's own tensors are finite."""
    from torch import nn

    tensors = model.state_dict() if isinstance(model, nn.Module) else {}
    wrong = [name for name, tensor in tensors.items() if not bool(tensor.isfinite().all())]
    if wrong:
        return (
            f"its weights are not either, in {listed(wrong)}. Nothing it says can be used: train it again with a "
            "smaller lr, a longer warm-up, clip: 5.0 or precision: float32"
        )
    largest = max((float(tensor.abs().max()) for tensor in tensors.values() if tensor.numel()), default=0.0)
    own = f"its own weights are finite, the largest {largest:.2g}" if tensors else "expected were finite numbers"
    return (
        f"{own}. Look at this example; if it is sound, the network overflows: try precision: float32, or train it "
        "again with a smaller lr, a longer warm-up or clip: 5.0"
    )
