"""A search that grows networks through smaller spaces: what it evaluates, records, shows and finds."""

import json

import pytest
from tiny_registry import tiny_registry

from nasframe import Evaluator
from nasframe.experiment.checking import load
from nasframe.files.genotypes import read
from nasframe.genotype import Genotype, is_legal, validate
from nasframe.run import run
from nasframe.runfolder.layout import RunLayout
from nasframe.testing.tiny_blocks import TinyBlocks

EXPERIMENT = """
name: growing
seed: 3
space: {type: tiny-blocks, blocks: 2}
evaluator: {type: tiny-pixels, training: {steps: 1}}
strategy: {type: progressive, samples: 8, first: 4, keep: 2, pool: 4, surrogate: {members: 1, hidden: 4, epochs: 1}}
objectives: [score, params]
retrain: {}
run: {device: cpu}
"""
SPACE, SMALL = TinyBlocks(TinyBlocks.Options(blocks=2)), TinyBlocks(TinyBlocks.Options(blocks=1))


class Unused(Evaluator):
    """The registry of the tiny parts wants one of a test's own."""

    name = "unused"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("growing")
    path = folder / "growing.yaml"
    path.write_text(EXPERIMENT)
    registry = tiny_registry(Unused)
    return RunLayout(run(load(path, (), registry), folder / "run", registry=registry, quiet=True))


def evaluated(files):
    events = [json.loads(line) for line in files.events.read_text().splitlines()]
    return [event for event in events if event["event"] == "evaluated"]


def test_small_networks_are_built_by_their_own_space_and_recorded_with_their_stage(finished):
    found = evaluated(finished)
    assert [event.get("stage") for event in found] == [1] * 4 + [None] * 4
    for event in found:
        validate(SMALL if "stage" in event else SPACE, Genotype.from_dict(event["genotype"]))
        assert "failure" not in event and event["objectives"]["params"] > 0


def test_what_is_found_retrained_and_on_the_front_is_of_the_space_itself(finished):
    assert is_legal(SPACE, read(finished.genotype).genotype)
    fronts = list(finished.on_front(1).parent.glob("*.yaml"))
    assert fronts and all(is_legal(SPACE, read(path).genotype) for path in fronts)
    assert (finished.folder / "retrain/metrics.json").is_file()


def test_the_report_counts_the_small_ones_and_puts_them_last(finished):
    text = (finished.folder / "report.md").read_text()
    assert "Of smaller networks, from which the space's own are grown: 4 of stage 1; they come last." in text
    rows = [line for line in text.splitlines() if "smaller, of stage 1" in line]
    table = [line for line in text.splitlines() if line.startswith("| ") and line.count("|") == 6]
    assert len(rows) == 4 and table[-4:] == rows
