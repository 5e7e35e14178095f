"""Proxies from how differently a network responds to different examples at initialisation.

Mellor, Turner, Storkey, Crowley, Neural Architecture Search without Training, ICML 2021, arXiv 2006.04647.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor
from torch.overrides import TorchFunctionMode
from typing_extensions import override

from nasframe import Genotype, RunError, main_output
from nasframe import Options as BaseOptions
from nasframe_proxies.initial import AtInitialisation

_RELUS = (F.relu, F.relu_, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_)
SMALL = 1e-5
"""Added to eigenvalues in ``jacob-cov``, as the authors do."""


class OfExamples(AtInitialisation, ABC):
    """Looks at how differently a network responds to the first examples of the training data."""

    class Options(BaseOptions):
        """How many examples are looked at."""

        examples: int = Field(default=16, ge=2)
        """Training crops or images that are told apart. (The paper: 128; a forward pass holds all at once.)"""

    options: Options

    @cached_property
    def inputs(self) -> Tensor:
        """The examples, (count, C, H, W), the same for all genotypes of a seed."""
        found: list[Tensor] = []
        for batch in self.evaluator.batches("train"):
            found.append(batch.inputs)
            if sum(map(len, found)) >= self.options.examples:
                break
        return torch.cat(found)[: self.options.examples]


@final
class Naswot(OfExamples):
    """log |det K|, where K_ij counts the ReLUs that examples i and j both have on or both have off (section 3, Eq. 2).

    A ReLU is one for each place of each feature map. Whoever applies them, modules or functions, they are counted.
    """

    name: ClassVar[str] = "naswot"

    @override
    def value(self, genotype: Genotype) -> float:
        network = self.network(genotype)
        with torch.no_grad(), _ReluCodes(len(self.inputs)) as codes:
            network(self.inputs)
        if not codes.agreeing.any():
            raise RunError("naswot looks at ReLUs, and this network has none")
        return float(np.linalg.slogdet(codes.agreeing)[1])


class _ReluCodes(TorchFunctionMode):
    """Adds up how many ReLUs each two examples have in common."""

    def __init__(self, examples: int) -> None:
        super().__init__()
        self.agreeing = np.zeros((examples, examples))

    @override
    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in _RELUS:
            on = (result > 0).flatten(1).double()
            self.agreeing += (on @ on.T + (1 - on) @ (1 - on).T).cpu().numpy()
        return result


@final
class JacobCov(OfExamples):
    """-sum over the eigenvalues s of the correlations of the examples' jacobians of log(s + k) + 1 / (s + k), k = 1e-5.

    The first version of the paper (arXiv 2006.04647v1, Eq. 1 to 5). An example's jacobian is the gradient of the sum of
    all outputs by its pixels; of a network with auxiliary heads, of its main output.
    """

    name: ClassVar[str] = "jacob-cov"

    @override
    def value(self, genotype: Genotype) -> float:
        inputs = self.inputs.clone().requires_grad_()
        network = self.network(genotype)
        (jacobian,) = torch.autograd.grad(main_output(network(inputs)).sum(), inputs)
        with np.errstate(invalid="ignore"):
            correlations = np.corrcoef(jacobian.flatten(1).double().cpu().numpy())
        if not np.isfinite(correlations).all():  # an example whose jacobian is 0
            return float("nan")
        eigenvalues = np.linalg.eigvalsh(correlations) + SMALL
        return float(-(np.log(eigenvalues) + 1 / eigenvalues).sum())
