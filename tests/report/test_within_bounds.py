"""What the constraints have cost a search, said in sentences."""

import json
import math

import numpy as np
import pytest

from nasframe.genotype import Genotype
from nasframe.graph import log_weight, with_weights
from nasframe.report import write_report
from nasframe.report.within_bounds import sentences
from nasframe.runfolder.layout import RunLayout
from nasframe.testing.tiny import TinySpace

FOUND = {"space": "s", "decisions": {"a": 1}, "params": 1_200, "macs": 8_000_000, "log_probability": -3.25}
FREE = {"space": "s", "decisions": {"a": 2}, "params": 1_900, "macs": 9_500_000, "log_probability": -2.5}
BOUNDS = {"bounds": {"macs": 8.1e6}, "found": FOUND, "without_bounds": FREE}


def test_both_networks_are_told_with_their_costs_and_log_probabilities():
    first, second = sentences(BOUNDS)
    assert first == (
        "Found within the constraints of at most 8.10 M multiply-adds: "
        "a network of 1.20 k parameters and 8.00 M multiply-adds."
    )
    assert second == (
        "Without them a network of 1.90 k parameters and 9.50 M multiply-adds would have been derived; "
        "the log-probability of what was found is -3.250, against -2.500."
    )


def test_bounds_that_the_strongest_genotype_meets_have_cost_nothing():
    assert list(sentences({**BOUNDS, "without_bounds": FOUND}))[1].endswith("they have cost nothing in deriving.")
    assert list(sentences({})) == []


def test_probabilities_that_are_not_known_are_left_out():
    unknown = {**FREE, "log_probability": None}
    assert list(sentences({**BOUNDS, "without_bounds": unknown}))[1].endswith("would have been derived.")


def test_both_reports_say_it_and_survive_a_file_that_is_torn(tmp_path):
    files = RunLayout(tmp_path)
    files.experiment.write_text("name: x\n")
    files.status.write_text(json.dumps({"state": "done"}))
    files.bounds.write_text(json.dumps(BOUNDS))
    write_report(tmp_path)
    said = "Found within the constraints of at most 8.10 M multiply-adds"
    assert said in files.report.read_text() and said in files.page.read_text()
    files.bounds.write_text('{"bounds": {"macs": 1}}')
    write_report(tmp_path)
    assert "Found within" not in files.report.read_text()
    assert "`bounds.json` cannot be read" in files.report.read_text()


def test_the_log_weight_of_a_genotype_is_that_of_all_that_it_takes():
    space = TinySpace()
    genotype = Genotype(space.name, (("layer0", "tanh"), ("layer1", "identity")))
    weighted = with_weights(space.graph(), {"operation": np.array([[0.25, 0.5, 0.25], [0.125, 0.875, 0.0]])})
    assert log_weight(weighted, space.graph(genotype)) == pytest.approx(math.log(0.5 * 0.125))
    other = Genotype(space.name, (("layer0", "tanh"), ("layer1", "softplus")))
    assert log_weight(weighted, space.graph(other)) is None
    assert log_weight(space.graph(), space.graph(genotype)) is None
