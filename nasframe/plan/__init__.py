"""Before a run: its time and memory, from a few steps that are really done.

Read ``forecasting`` with ``probe`` (the steps) and ``remedies`` (what to change where something is short).
"""

from nasframe.plan.forecasting import Forecast, PhaseForecast, forecast

__all__ = ["Forecast", "PhaseForecast", "forecast"]
