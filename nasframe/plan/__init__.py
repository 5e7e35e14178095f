"""Before a run: its time and memory, from a few steps that are really done, and whether there is anything to find.

Read ``forecasting`` with ``probe`` (the steps) and ``remedies`` (what to change where something is short); ``signal``
with ``statistics`` trains random genotypes with several seeds.
"""

from nasframe.plan.forecasting import Forecast, PhaseForecast, forecast

__all__ = ["Forecast", "PhaseForecast", "forecast"]
