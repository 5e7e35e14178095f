"""Contract suites: subclass one for each component of a plug-in, and pytest checks the law of its interface.

    class TestMySpace(SpaceContract):
        space = MySpace(MySpace.Options(layers=3))

Each message states the rule that was broken. ``nasframe.testing.tiny`` holds small partners to test against.
"""

from nasframe.testing.evaluators import EvaluatorContract
from nasframe.testing.spaces import SpaceContract
from nasframe.testing.strategies import StrategyContract

__all__ = ["EvaluatorContract", "SpaceContract", "StrategyContract"]
