"""Runs of the tests' own plug-in, with the engine of this one."""

import pytest
from judged_runs import path_of_workers, runs
from judged_runs import registry as judged

from nasframe.plugin.registry import Plugin, Registry

__all__ = ["judged", "path_of_workers", "runs"]


@pytest.fixture
def registry(judged):
    import nasframe_ray

    return Registry([*judged.active, Plugin("ray", "nasframe-ray", "0.1.0", lambda: nasframe_ray)])
