"""DARTS with one more term in the architecture's loss: the entropy of the mixing weights, so that a search decides."""

import nasframe
from nasframe_darts.options import BilevelOptions
from nasframe_darts.regularising import Regulariser
from nasframe_darts.search import BilevelSearch


@nasframe.hookimpl
def nasframe_components():
    return [nasframe.Component("strategy", "entropy-darts", "nasframe_entropy_darts:EntropyDarts", "DARTS, decided")]


class Entropy(Regulariser):
    def __init__(self, weight):
        self.weight = weight

    def term(self, supernet, passed):
        tables = supernet.weighed(lambda logits: logits.softmax(-1)).values()
        return self.weight * passed * sum(-(p * (p + 1e-9).log()).sum(-1).mean() for p in tables)


class EntropyDarts(BilevelSearch):
    name = "entropy-darts"

    class Options(BilevelOptions):
        entropy: float = 0.1
        """Weight of the entropy in the last update; it grows from 0."""

    def parts(self, problem, options):
        from nasframe_darts.parts import Parts

        return Parts(regularise=(Entropy(options.entropy),))
