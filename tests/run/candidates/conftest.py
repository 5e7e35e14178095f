"""Runs whose candidates are evaluated in every way."""

from judged_runs import path_of_workers, registry, runs

__all__ = ["path_of_workers", "registry", "runs"]
