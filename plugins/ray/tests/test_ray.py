"""Ray's workers have the history of all others, on one node and on two."""

import re
import signal
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("nasframe_ray", reason="the extra plug-in nasframe-ray is not installed")

from nasframe import ExperimentError, RunError

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore")]  # the warnings are Ray's own

FOUR = ("run.outstanding=4", "strategy.samples=12", "cache={reuse: false}")
RAY = (*FOUR, "run.engine=ray", "run.workers=2")


@pytest.fixture
def ray(path_of_workers, monkeypatch):
    """Ray, whose workers find the plug-in by the path."""
    ray = pytest.importorskip("ray", reason="the extra plug-in nasframe-ray needs ray")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    yield ray
    ray.shutdown()


@pytest.fixture
def cluster(ray):
    """Two nodes on this host, each with room for one worker."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    yield cluster
    cluster.shutdown()


def raylets():
    """The processes of Ray's nodes on this host, and of the actors in them, which outlive a node by a moment."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, state = re.search(r"\((.*)\) (\w)", (folder / "stat").read_text()).groups()
            command = (folder / "cmdline").read_text()
        except OSError:
            continue  # it has ended meanwhile
        if (name == "raylet" or command.startswith("ray::Actor")) and state != "Z":
            found.add(int(folder.name))
    return found


@pytest.mark.slow
def test_a_ray_that_is_started_here_and_ends_with_the_run(ray, runs):
    runs.run("one", *FOUR)
    runs.run("ray", *RAY, "run.workers=4", "evaluator.wrong=kill once")
    assert runs.history("ray") == runs.history("one")
    assert not ray.is_initialized()


@pytest.mark.slow
def test_a_run_that_is_killed_repeats_nothing_that_was_finished_and_its_ray_ends(ray, runs):
    many = ("run.outstanding=4", "strategy.samples=30", "cache={reuse: false}")
    runs.run("whole", *many)
    evaluated = len(runs.marks())
    others = raylets()
    finished = runs.kill("killed", 5, *many, "run.engine=ray", "run.workers=2")
    begun = time.monotonic()
    while raylets() - others and time.monotonic() < begun + 60:
        time.sleep(0.1)
    assert raylets() <= others, "Ray's processes of the killed run are still there after a minute"
    before = len(runs.marks())
    assert before - evaluated <= finished + 2, "two workers had begun one candidate more each"
    runs.resume("killed")
    assert runs.history("killed") == runs.history("whole")
    assert len(runs.marks()) - before <= 30 - finished


@pytest.mark.slow
def test_ray_leaves_the_runs_way_of_stopping_alone(ray, runs):
    before = signal.getsignal(signal.SIGTERM)
    runs.run("ray", *RAY, "strategy.samples=1")
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.slow
def test_two_nodes_of_a_cluster_each_with_a_worker(cluster, runs):
    runs.run("one", *FOUR)
    runs.run("two", *RAY, f"run.address={cluster.address}", "evaluator.places=true")
    assert runs.history("two")[1] == runs.history("one")[1]
    nodes = {event["metrics"]["node"] for event in runs.events("two", "step")}
    assert len(nodes) == 2


def test_an_address_where_there_is_no_ray_is_named(ray, runs):
    with pytest.raises(RunError, match=r"cannot be reached at run.address '127.0.0.1:1'"):
        runs.run("run", *RAY, "run.address=127.0.0.1:1")


def test_without_ray_the_experiment_is_refused_and_ray_is_what_is_missing(runs, monkeypatch):
    monkeypatch.delitem(sys.modules, "nasframe_ray.actors", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ExperimentError) as caught:
        runs.experiment("run.engine=ray")
    assert re.fullmatch(
        r"--set run.engine=ray: run.engine: plug-in 'ray' \(nasframe-ray 0.1.0\) offers the engine 'ray', but its "
        r"target 'nasframe_ray.actors:RayActors' cannot be imported: ModuleNotFoundError: .*\bray\b.*",
        str(caught.value),
    )
