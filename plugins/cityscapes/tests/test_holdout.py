"""Three disjoint parts of the data: what a search selects on, what retraining is watched by, what is scored last."""

import shutil

import pytest
import torch
from torch import nn

from nasframe import Candidate, DataError, Genotype, Runtime
from nasframe.training.options import TrainingOptions
from nasframe_cityscapes.evaluator import Cityscapes

PARTS = ("weights", "arch", "train", "val")


@pytest.fixture
def tree(write_tree):
    return write_tree({"train": {"aa": 3, "bb": 2, "cc": 4}, "val": {"dd": 4, "ee": 5}})


def make(root, phase="retrain", seed=0, **changes):
    options = {"reduce": 1, "crop": (16, 24), "batch": 1, "training": TrainingOptions(steps=2), "workers": 0, **changes}
    return Cityscapes(Cityscapes.Options(root=str(root), **options), Runtime(seed=seed, phase=phase))


def names(evaluator, split):
    steps = evaluator.epoch_steps(split)
    return {name for _, batch in zip(range(steps), evaluator.batches(split), strict=False) for name in batch.names}


def grey(inputs):
    return torch.zeros(inputs.shape[0], 19, *inputs.shape[2:]) + torch.linspace(0, 1, 19)[:, None, None]


def test_no_strategy_can_see_a_frame_of_val_or_of_the_holdout(tree):
    search, full = make(tree, "search", holdout=0.4), make(tree, holdout=0.4)
    reported = names(full, "val") | set(full.record()["frames"]["holdout"])
    assert len(reported) == 9
    seen = {part: names(search, part) for part in PARTS}
    assert not reported & set().union(*seen.values())
    assert seen["train"] == seen["weights"] and seen["val"] == seen["arch"] and not seen["train"] & seen["val"]
    assert seen["train"] | seen["val"] == names(full, "train")
    assert search.measure_holdout(grey) is None and "holdout" not in search.record()["frames"]
    measured = search.measure(grey)
    assert measured.conditions["split"] == "arch" and measured.metrics["frames"] == len(seen["arch"])


def test_a_candidate_is_trained_on_weights_and_scored_on_arch(tree):
    asked = []
    evaluator = make(tree, "search")

    class Spy(nn.Conv2d):
        def forward(self, inputs):
            asked.append((self.training, inputs.shape[0]))
            return super().forward(inputs)

    candidate = Candidate(Genotype("x", ()), lambda: Spy(3, 19, 1))
    result = evaluator.evaluate(candidate)
    assert [training for training, _ in asked].count(False) == len(names(evaluator, "arch"))
    assert result.metrics["frames"] == len(names(evaluator, "arch"))


def test_selecting_on_val_is_as_it_was_but_for_what_is_set_aside(tree):
    search, full = (make(tree, phase, select_on="val", holdout=0.4) for phase in ("search", "retrain"))
    for part in PARTS:
        assert names(search, part) == names(full, part)
    assert search.measure_holdout(grey) is None and full.measure_holdout(grey) is not None


def test_what_is_set_aside_is_in_no_other_part_and_the_same_for_every_seed(tree):
    evaluators = [make(tree, seed=seed, holdout=0.4) for seed in range(3)]
    held = [evaluator.record()["frames"]["holdout"] for evaluator in evaluators]
    assert held[0] == held[1] == held[2] and 0 < len(held[0]) <= 4
    for evaluator in evaluators:
        assert not set(held[0]) & set().union(*(names(evaluator, part) for part in PARTS))
        assert not set(held[0]) & {name for name, _ in evaluator.pictures(grey, 9)}
    result = evaluators[0].measure_holdout(grey)
    assert result.metrics["frames"] == len(held[0]) and result.conditions["split"] == "holdout"


def test_val_can_be_whole_groups_of_train_and_the_holdout_a_part_of_it(tree):
    shutil.rmtree(tree / "leftImg8bit/val")
    given = {"val_from_train": 0.7, "holdout": 0.5, "halves": "block", "block": 1}
    evaluators = [make(tree, seed=seed, **given) for seed in range(3)]
    frames = [evaluator.record()["frames"] for evaluator in evaluators]
    assert frames[0]["val"] == frames[1]["val"] == frames[2]["val"] and len(frames[0]["val"]) == 3
    assert frames[0]["holdout"] == frames[1]["holdout"] and len(frames[0]["holdout"]) == 3
    trained = names(evaluators[0], "train")
    assert len(trained) == 3 and not trained & {*frames[0]["val"], *frames[0]["holdout"]}
    searched = make(tree, "search", **given)
    assert set().union(*(names(searched, part) for part in PARTS)) == trained


def test_val_from_train_keeps_neighbouring_frames_together(tree):
    evaluator = make(tree, val_from_train=0.3, halves="city")
    cities = {name.split("_")[0] for name in names(evaluator, "train")}
    assert len(cities) == 2 and not cities & {name.split("_")[0] for name in names(evaluator, "val")}
    with pytest.raises(DataError, match=r"val_from_train: 0.3 needs two groups of halves: city in train"):
        make(one_city(tree), val_from_train=0.3, halves="city")


def one_city(tree):
    for city in ("bb", "cc"):
        for kind in ("leftImg8bit", "gtFine"):
            shutil.rmtree(tree / kind / "train" / city)
    return tree


def test_a_split_can_be_set_aside_by_its_name(tree):
    for kind in ("leftImg8bit", "gtFine"):
        (tree / kind / "val").rename(tree / kind / "last")
    for kind in ("leftImg8bit", "gtFine"):
        shutil.copytree(tree / kind / "last", tree / kind / "val")
    with pytest.raises(DataError, match=r"9 frames of the holdout .* can be found in train or val too"):
        make(tree, holdout="last")
    for path in [*tree.glob("*/last/*/*")]:
        path.rename(path.with_name(path.name.replace("_0000", "_0009", 1)))
    evaluator = make(tree, holdout="last")
    assert len(evaluator.record()["frames"]["holdout"]) == 9 == len(names(evaluator, "val"))
    assert evaluator.measure_holdout(grey).metrics["frames"] == 9
    with pytest.raises(DataError, match="leftImg8bit/nowhere"):
        make(tree, holdout="nowhere")


def test_a_test_split_of_ones_own_can_be_set_aside_and_that_of_cityscapes_cannot(tree):
    from PIL import Image

    for kind in ("leftImg8bit", "gtFine"):
        shutil.copytree(tree / kind / "val", tree / kind / "test")
    for path in [*tree.glob("*/test/*/*")]:
        path.rename(path.with_name(path.name.replace("_0000", "_0009", 1)))
    assert make(tree, holdout="test").measure_holdout(grey).metrics["frames"] == 9
    for path in tree.glob("gtFine/test/*/*_labelIds.png"):
        with Image.open(path) as label:
            Image.new("L", label.size, 0).save(path)
    with pytest.raises(DataError, match="are dummies"):
        make(tree, holdout="test")


def test_the_instance_score_needs_ids_of_what_is_set_aside_too(tree):
    with pytest.raises(DataError, match="instanceIds"):
        make(tree, holdout=0.4, instance_iou=True)


def roads(inputs):
    return -grey(inputs)


@pytest.mark.parametrize("score", ["category_miou", "class_accuracy", "pixel_accuracy", "frequency_weighted_iou"])
def test_another_metric_can_be_the_score(tree, score):
    usual, other = make(tree, holdout=0.4), make(tree, holdout=0.4, score=score)
    for measure in ("measure", "measure_holdout"):
        found, chosen = getattr(usual, measure)(roads), getattr(other, measure)(roads)
        assert chosen.metrics == found.metrics and next(iter(chosen.metrics)) == score
        assert chosen.score == found.metrics[score] != found.score == found.metrics["miou"]
