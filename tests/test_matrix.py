"""Every installed space with every evaluator and strategy: it runs two steps, or is refused with what would work.

A stranger's conditional space is among them.
"""

import itertools
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from nasframe.errors import CapabilityError
from nasframe.experiment.checking import load
from nasframe.files.yaml_text import dump
from nasframe.genotype import enumerate_all, validate
from nasframe.plugin.compatibility import combinations
from nasframe.plugin.registry import Plugin, Registry
from nasframe.run.problems import make_strategy, open_problems
from nasframe.training.seeding import seed_all

STRANGERS = Path(__file__).parent / "data" / "judged_plugin"
SMALL = {
    "autodeeplab": {"layers": 2, "levels": 2, "blocks": 1, "filters": 2},
    "nasnet": {"cells": 1, "filters": 2, "blocks": 1, "operations": ["sep_3x3"]},
    "pnas": {"cells": 1, "filters": 2, "blocks": 2, "operations": ["skip", "sep_3x3"]},
    "amoebanet": {"cells": 1, "filters": 2, "blocks": 1, "operations": ["skip", "sep_3x3"]},
    "space darts": {"cells": 3, "filters": 2, "blocks": 1, "operations": ["none", "skip", "sep_3x3"]},
    "darts-wide": {"cells": 3, "filters": 2, "blocks": 1, "operations": ["skip", "sep_3x3"]},
    "frrn": {"width": 0.03},
    "gridnet": {"width": 0.25, "streams": [2, 3], "columns": [1, 2]},
    "deconvnet": {"width": 0.004, "kernels": [1, 2]},
    "hourglass": {"width": 0.03, "stacks": [1, 2], "depth": 2},
    "macro": {"stages": [1, 1], "filters": 8, "head": 8},
    "deeplabv3": {"width": 0.03},
    "deeplabv3plus": {"width": 0.03, "backbones": ["resnet50", "xception41"]},
    "dpc": {"width": 0.03, "backbone": "resnet50", "branches": 2, "rates": [1], "grids": [2]},
    "cityscapes": {"root": "SET", "reduce": 1, "crop": 64, "batch": 2, "workers": 0, "training": {"steps": 1}},
    "streets": {
        "scenes": {"train": 4, "val": 1, "cities": 2, "height": 32, "width": 32},
        "crop": 64,
        "batch": 2,
        "workers": 0,
        "training": {"steps": 1},
    },
    "classification": {"batch": 8, "val": 0.01, "training": {"steps": 1}},
    "table": {"path": "TABLE"},
    "marks": {"file": "MARKS", "side": 64},
    "trains": {"file": "MARKS", "steps": 1},
    "strategy darts": {"steps": 4, "warmup_steps": 1, "validate_epochs": 0},
    "halving": {"over": "random", "candidates": 3},
    "hyperband": {"over": "random", "units": 3},
    "nsga2": {"population": 2},
    "controller": {"batch": 1},
    "progressive": {"keep": 1, "first": 1},
    "near": {"start": 1, "uniform": 0.0},
    "thompson": {"start": 2, "pool": 4},
}
"""Options with which a component is quick, by its name, or by kind and name where two have it; others run with their
defaults."""
DEEP = ("deeplabv3", "deeplabv3plus", "dpc", "frrn", "gridnet", "deconvnet", "hourglass")
"""Spaces whose networks take long even if they are narrow: all strategies search them where nothing is trained, and one
strategy where networks are, but for images of 8x8 pixels, which most of them do not take."""


def registry():
    """What is installed, and a stranger's plug-in."""
    if str(STRANGERS) not in sys.path:
        sys.path.insert(0, str(STRANGERS))
    import nasframe_judged

    return Registry([*Registry.discover().active, Plugin("judged", "nasframe-judged", "1.0", lambda: nasframe_judged)])


REGISTRY = registry()


def quick(one):
    return one.space not in DEEP or one.evaluator == "marks" or (one.strategy == "random" and one.evaluator != "trains")


FOUND = [one for one in combinations(REGISTRY) if one.strategy not in ("downhill", "auto") and quick(one)]
ABLE = [one for one in FOUND if not one.reason]
UNABLE = [one for one in FOUND if one.reason]


def named(one):
    return f"{one.space}-{one.evaluator}-{one.strategy}"


def small(kind, name):
    return SMALL.get(name, SMALL.get(f"{kind} {name}", {}))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a data set, a table of all genotypes of the spaces that label images, and room for marks."""
    place = tmp_path_factory.mktemp("matrix")
    rng = np.random.default_rng(0)
    for split, number in itertools.product(("train", "val"), range(4)):
        stem = f"aa_{number:06}_000000"
        for kind, suffix, shape in (
            ("leftImg8bit", "leftImg8bit", (33, 33, 3)),
            ("gtFine", "gtFine_labelIds", (33, 33)),
        ):
            path = place / "set" / kind / split / "aa" / f"{stem}_{suffix}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.choice(np.array([7, 8, 11], dtype=np.uint8), shape)).save(path)
    keys = [a + b for a in "012" for b in "012"]
    for name in ("nasnet", "pnas", "amoebanet", "darts", "darts-wide"):
        space = REGISTRY.get("space", name).value
        for genotype in enumerate_all(space(space.Options(**small("space", name)))):
            answers = (answer for _, answer in genotype.decisions)
            keys.append("".join(answer if isinstance(answer, str) else json.dumps(answer) for answer in answers))
    row = {"test_acc": [90.0, 91.0], "flops": 1.0, "params": 1.0}
    (place / "table.json").write_text(json.dumps(dict.fromkeys(keys, row)))
    return place


@pytest.fixture(autouse=True)
def cache(place, monkeypatch):
    monkeypatch.setenv("NASFRAME_CACHE", str(place / "cache"))


def experiment(one, place):
    places = {"SET": str(place / "set"), "TABLE": str(place / "table.json"), "MARKS": str(place / "marks")}
    parts = {}
    for kind, name in (("space", one.space), ("evaluator", one.evaluator), ("strategy", one.strategy)):
        options = {key: places.get(str(value), value) for key, value in small(kind, name).items()}
        parts[kind] = {"type": name, **options}
    path = place / "exp.yaml"
    path.write_text(dump({**parts, "retrain": None, "run": {"device": "cpu", "threads": 1}}))
    return load(path, (), REGISTRY)


@pytest.mark.parametrize("one", ABLE, ids=named)
def test_a_compatible_triple_runs_two_steps(one, place):
    found = experiment(one, place)
    with open_problems(found) as problems:
        torch.manual_seed(0)
        strategy = make_strategy(found.strategy, problems.search)
        for index in range(2):
            metrics = strategy.step(index, seed_all(0, "search", index))
            assert metrics and all(np.isfinite(value) for value in metrics.values())
        validate(problems.search.space, strategy.best())


@pytest.mark.parametrize("one", UNABLE, ids=named)
def test_an_incompatible_triple_is_refused_with_what_would_work(one, place):
    with pytest.raises(CapabilityError) as caught:
        experiment(one, place)
    able = {other.space for other in ABLE} | {other.evaluator for other in ABLE} | {other.strategy for other in ABLE}
    message = str(caught.value)
    assert "Installed " in message
    assert any(name in message.partition("Installed ")[2] for name in able)


def test_a_strangers_conditional_space_is_searched_by_every_strategy_that_wants_no_more():
    ran = {one.strategy for one in ABLE if one.space == "branches"}
    sample_based = "random exhaustive local evolution controller progressive near thompson tpe".split()
    assert {*sample_based, "dice"} <= ran
    reasons = [one.reason for one in UNABLE if one.space == "branches"]
    assert all("Relaxable" in reason or "Switchable" in reason or "labelled" in reason for reason in reasons)
