"""The quick version of ``fuzz.py``: a few hundred hostile inputs for each reader, and what they found for good."""

import random
import warnings

import pytest
from fuzz import SECONDS, feed, readers
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = [
    *("experiments", "YAML", "overrides", "genotypes", "JSON graphs", "GraphML", "DOT", "tables", "labels", "weights"),
    *("checkpoints", "snapshots", "runs, experiment.yaml", "runs, status.json", "runs, events.jsonl"),
    *("runs, metrics.json", "runs, graph.json"),
]


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    place = tmp_path_factory.mktemp("fuzz")
    return place, {reader.name: reader for reader in readers(place)}


def test_every_reader_has_a_test(known):
    assert sorted(known[1]) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_right_file_is_read(known, name):
    place, by_name = known
    reader = by_name[name]
    path = place / "in" / reader.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(reader.seeds[-1])
    reader.read(path)


@pytest.mark.parametrize("name", NAMES)
def test_only_errors_with_a_message_come_out_of_hostile_input(known, name):
    place, by_name = known

    @given(st.integers(0, 2**32))
    @settings(max_examples=10, deadline=None)
    def feed_some(seed):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tally = feed(by_name[name], place / "in", random.Random(seed), 10)
        assert not tally.foreign and tally.inputs == 10
        assert tally.slowest < SECONDS, tally.worst

    feed_some()
