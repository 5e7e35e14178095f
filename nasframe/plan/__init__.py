"""Before a run: how long it will take and how much memory, from a few steps that are really done."""

from nasframe.plan.forecasting import Forecast, PhaseForecast, forecast

__all__ = ["Forecast", "PhaseForecast", "forecast"]
