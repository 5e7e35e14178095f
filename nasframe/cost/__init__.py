"""What a network costs before it is trained: parameters, multiply-adds, memory, latency.

Read ``counting`` (the figures that constraints and reports use), then ``layers`` (the same, layer by layer and by
other conventions), ``memory`` (peak bytes of a step, predicted) and ``latency`` (measured).
"""

from nasframe.cost.counting import Cost, count, counted

__all__ = ["Cost", "count", "counted"]
