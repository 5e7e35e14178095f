"""What is trained on and how it is scored: parts, variation, the loss, the tables, the pictures."""

import math
from itertools import islice

import numpy as np
import pytest
import torch
from torch import nn

from nasframe import DataError, Inference, Outputs, RunError, Runtime
from nasframe_classification import digits
from nasframe_classification.augmenting import Augmentation
from nasframe_classification.evaluator import Classification
from nasframe_classification.options import ClassificationOptions as Options
from nasframe_classification.scoring import Answers, evaluation
from nasframe_classification.splitting import halved, stratified

PLAIN = {"mean": (0.0,), "std": (1.0,)}


def made(seed=0, phase="retrain", **options):
    return Classification(Options(**options), Runtime(seed=seed, phase=phase))


def names(evaluator, split):
    return {name for one in islice(evaluator.batches(split), evaluator.epoch_steps(split)) for name in one.names}


def sure_of(label):
    """A model that takes every image for one digit."""
    return lambda images: 4.0 * torch.eye(10)[label].expand(len(images), 10)


def test_parts_are_the_same_for_every_seed_and_halves_are_not():
    one, other = made(0), made(1)
    for split in ("train", "val"):
        assert names(one, split) == names(other, split)
    assert names(one, "weights") != names(other, "weights")
    assert one.record()["images"]["holdout"] == other.record()["images"]["holdout"]
    assert not names(one, "train") & names(one, "val")


def test_a_search_trains_on_one_half_and_scores_on_the_other():
    search, retraining = made(phase="search"), made()
    assert names(search, "train") == names(retraining, "weights") and names(search, "val") == names(retraining, "arch")
    assert search.measure(sure_of(1)).conditions["split"] == "arch" and search.measure_holdout(sure_of(1)) is None
    on_val = made(phase="search", select_on="val")
    assert names(on_val, "val") == names(retraining, "val")


def test_every_class_is_in_every_part_in_the_same_share():
    labels = np.repeat(np.arange(3), [4, 50, 11])
    everything = np.arange(65)
    rest, part = stratified(labels, everything, 0.2, (0, 1))
    assert np.bincount(labels[part]).tolist() == [1, 10, 2] and sorted([*rest, *part]) == list(range(65))
    first, second = halved(labels, rest, seed=3)
    assert np.abs(np.bincount(labels[first]) - np.bincount(labels[second])).max() <= 1
    assert 0 <= len(first) - len(second) <= 1


def test_crops_and_mirrored_images_hold_what_the_image_holds():
    images = torch.arange(1, 65, dtype=torch.uint8).reshape(1, 1, 8, 8).repeat(200, 1, 1, 1)
    varied = Augmentation(Options(crop_padding=2, flip=0.5, **PLAIN), "cpu").varied(images, np.random.default_rng(0))
    padded = np.pad(np.arange(1, 65).reshape(8, 8), 2)
    windows = {}
    for top in range(5):
        for left in range(5):
            window = padded[top : top + 8, left : left + 8]
            windows[window.tobytes()], windows[np.ascontiguousarray(window[:, ::-1]).tobytes()] = (
                (top, left),
                "mirrored",
            )
    found = [windows[np.rint(one[0].numpy() * 255).astype(np.int64).tobytes()] for one in varied]
    assert len(set(found)) == 26 and 70 < found.count("mirrored") < 130


def test_cutout_blanks_a_square_with_the_mean():
    images = torch.full((300, 1, 8, 8), 255, dtype=torch.uint8)
    options = Options(cutout=4, mean=(0.25,), std=(0.5,))
    varied = Augmentation(options, "cpu").varied(images, np.random.default_rng(1))
    assert set(varied.unique().tolist()) == {0.0, 1.5}
    blank = (varied == 0).sum((1, 2, 3))
    assert blank.max() == 16 and blank.min() == 4  # a corner keeps two by two


def test_val_is_not_varied_and_the_same_every_pass():
    evaluator = made(crop_padding=2, cutout=4, flip=0.5, batch=287, **PLAIN)
    first, second = islice(evaluator.batches("val"), 2)
    assert torch.equal(first.inputs, second.inputs) and first.inputs.sum((1, 2, 3)).min() > 0
    one, other = islice(evaluator.batches("train"), 2)
    assert not torch.equal(one.inputs, other.inputs)


def test_the_loss_is_cross_entropy_with_smoothed_labels_and_adds_weighted_outputs():
    evaluator = made(label_smoothing=0.1)
    batch = next(evaluator.batches("train"))
    logits = torch.randn(len(batch.targets), 10)
    targets = 0.9 * torch.eye(10)[batch.targets] + 0.01
    expected = -(targets * logits.log_softmax(1)).sum(1).mean()
    assert evaluator.loss(lambda images: logits, batch).item() == pytest.approx(expected.item())
    several = evaluator.loss(lambda images: Outputs(logits, ((logits, 0.4),)), batch)
    assert several.item() == pytest.approx(1.4 * expected.item())


def test_answers_of_another_shape_are_refused():
    evaluator = made()
    with pytest.raises(RunError, match=r"returned the shape \(256, 9\).* returns \(256, 10\): logits a row an image"):
        evaluator.measure(lambda images: torch.zeros(len(images), 9))


def test_a_model_that_says_one_class_is_right_as_often_as_that_occurs():
    result = made().measure(sure_of(3))
    assert list(result.metrics)[:2] == ["accuracy", "error"] and result.score == pytest.approx(29 / 287)
    assert result.metrics["class_accuracy"] == pytest.approx(0.1)
    assert result.metrics["error"] == pytest.approx(258 / 287) and result.metrics["images"] == 287
    lost = math.log(math.exp(4) + 9)
    assert result.metrics["loss"] == pytest.approx(lost - 4 * 29 / 287, abs=1e-6)
    by_class = {row[0]: row[1:] for row in result.tables["classes"].rows}
    assert by_class["3"] == (1.0, pytest.approx(29 / 287), 29, None)
    assert by_class["4"] == (0.0, None, 29, "3 (29)")
    assert [row[4] for row in result.tables["confusion"].rows] == [28, 29, 28, 29, 29, 29, 29, 29, 28, 29]


def test_the_score_may_be_minus_the_loss():
    evaluator = made(score="loss")
    result = evaluator.measure(sure_of(3))
    assert result.score == -result.metrics["loss"] and next(iter(result.metrics)) == "loss"
    assert evaluator.failing_score == pytest.approx(-math.log(10))


def test_five_of_the_most_probable_classes_count_where_there_are_more():
    said = np.array([0, 1])
    answers = Answers(said, np.array([0.5, 0.5]), np.array([1.0, 3.0]), np.array([True, False]))
    few = evaluation(answers, np.array([0, 0]), ["a", "b"], "accuracy", {})
    many = evaluation(answers, np.array([0, 0]), list("abcdef"), "accuracy", {})
    assert "top5_accuracy" not in few.metrics and many.metrics["top5_accuracy"] == 0.5
    assert few.metrics["class_accuracy"] == 0.5  # of the class that occurs


def test_windows_scales_and_mirrored_passes_are_averaged():
    evaluator = made()
    shapes = []

    def model(images):
        shapes.append(tuple(images.shape[-2:]))
        return torch.stack([images.mean((1, 2, 3)), *[images.amax((1, 2, 3))] * 9], dim=1)

    inference = Inference(window=(6, 6), stride=(2, 2), scales=(1.0, 1.5), mirror=True)
    result = evaluator.measure_with(model, inference, "holdout", lambda done, of: None)
    assert set(shapes) == {(6, 6)} and len(shapes) == 2 * 2 * (4 + 16)
    assert result.conditions["split"] == "holdout" and result.conditions["mirrored"]


def test_mistakes_are_drawn_first_the_surest_of_them_at_the_top():
    evaluator = made()
    pictures = list(evaluator.pictures(sure_of(3), 260))
    assert [name[:7] for name, _ in pictures[:258]] == ["mistake"] * 258
    name, picture = pictures[258]
    assert name.startswith("right_3_digit-") and picture.shape == (160 + 36, 160, 3) and picture[:160].max() == 255


def test_a_digit_is_what_scikit_learn_says_it_is():
    from sklearn.datasets import load_digits

    told, found = load_digits(), digits.read_digits(Options()).splits["train"]
    assert np.array_equal(found.labels, told.target)
    assert np.array_equal(found.pixels[:, 0], np.rint(told.images * 255 / 16).astype(np.uint8))


def test_digits_can_be_padded_and_enlarged():
    assert next(made(size=16).batches("val")).inputs.shape[2:] == (16, 16)
    padded = next(made(size=(9, 10), fitting="pad", **PLAIN).batches("val")).inputs
    assert padded.shape[2:] == (9, 10) and padded[..., 8:, :].sum() == 0 and padded[..., 0].sum() == 0


def test_the_size_at_which_networks_see_images_is_known_before_they_are_read():
    assert Classification.input_sizes(Options()) == {"an image": (8, 8)}
    cifar = Options(data="cifar10", root="nowhere", size=(40, 48))
    assert Classification.input_sizes(cifar) == {"an image": (40, 48)}


def test_without_scikit_learn_the_digits_say_what_to_install(monkeypatch):
    monkeypatch.setattr(digits, "find_spec", lambda name: None)
    with pytest.raises(DataError, match="pip install scikit-learn"):
        made()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"data": "cifar10"}, "data: cifar10 has no root"),
        ({"root": "somewhere"}, "root is given; the digits come with scikit-learn"),
        ({"data": "folder", "root": "x"}, "needs a size"),
        ({"holdout": "test"}, "holdout: test names a folder, and digits has none"),
        ({"size": 7, "fitting": "pad"}, "size 7x7 is smaller than the images, 8x8"),
        ({"mean": (0.1, 0.2, 0.3)}, r"mean has 3 numbers for 1 channel"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, said):
    with pytest.raises(ValueError, match=said):
        Options(**options)


def test_a_small_network_learns_the_digits_in_a_moment():
    evaluator = made(batch=32, training={"steps": 60, "lr": 0.2, "schedule": "cosine"})
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    training = evaluator.training(network)
    for index in range(training.steps):
        training.step(index, np.random.default_rng(index))
    assert evaluator.measure(network).score > 0.85
