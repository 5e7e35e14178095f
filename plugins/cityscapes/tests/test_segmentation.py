"""The loss and the score of a model on frames that the test writes."""

import math
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from nasframe import Batch, Candidate, DataError, Genotype, RunError, Runtime
from nasframe.testing import EvaluatorContract
from nasframe.training.options import TrainingOptions
from nasframe_cityscapes.classes import PALETTE, TO_TRAIN_ID
from nasframe_cityscapes.evaluator import Cityscapes
from nasframe_cityscapes.instances import InstanceCounts, instance_scores
from nasframe_cityscapes.scoring import by_label_ids, confusion, scores

TRAINING = TrainingOptions(epochs=1, lr=0.01)


def make(root, seed=0, precision="float32", **changes):
    options = {"reduce": 1, "crop": (16, 24), "halves": "city", "training": TRAINING, **changes}
    return Cityscapes(Cityscapes.Options(root=str(root), **options), Runtime(seed=seed, precision=precision))


def by_brightness(inputs):
    """A model that looks at single pixels: logits (N, 19, H, W) that follow from the colour."""
    return torch.linspace(-1, 1, 19)[None, :, None, None] * inputs.mean(1, keepdim=True)


def reads_labels(inputs):
    """A model that is right on frames whose red is the label id: see ``write_tree`` without noise."""
    mean, std = torch.tensor((0.485, 0.456, 0.406)), torch.tensor((0.229, 0.224, 0.225))
    colors = ((inputs[:, 0] * std[0] + mean[0]) * 255).round().long().clamp(0, 255)
    ids = torch.from_numpy(TO_TRAIN_ID["label_ids"].astype(np.int64))[colors]
    return 9.0 * nn.functional.one_hot(ids.clamp(max=19), 20).permute(0, 3, 1, 2)[:, :19].float()


def label_as_image(root, split="val"):
    """Rewrite the images of a split so that every channel is the label id."""
    for path in (root / "gtFine" / split).glob("*/*_labelIds.png"):
        label = np.asarray(Image.open(path))
        name = path.name.replace("gtFine_labelIds", "leftImg8bit")
        Image.fromarray(np.repeat(label[..., None], 3, 2)).save(root / "leftImg8bit" / split / path.parent.name / name)


class TestCityscapes(EvaluatorContract):
    @pytest.fixture(autouse=True)
    def _root(self, write_tree):
        self.root = write_tree()

    def make(self):
        return make(self.root, workers=1, scale=(0.75, 1.5), flip=0.5)


class TestWithHoldout(TestCityscapes):
    def make(self):
        return make(self.root, workers=0, halves="frame", holdout=0.4)


def test_the_task_is_that_of_a_whole_reduced_frame(write_tree):
    task = make(write_tree(size=(28, 40)), reduce=2).task
    assert (task.in_channels, task.num_classes, task.size, task.dense) == (3, 19, (14, 20), True)


def test_a_perfect_model_scores_one(write_tree):
    root = write_tree()
    label_as_image(root)
    result = make(root).measure(reads_labels)
    assert result.score == result.metrics["miou"] == result.metrics["pixel_accuracy"] == 1
    assert (result.metrics["classes"], result.metrics["frames"]) == (5, 3)


def test_the_score_is_that_of_one_matrix_over_the_whole_set(write_tree):
    root = write_tree()
    evaluator = make(root)
    result = evaluator.measure(by_brightness)
    matrix = np.zeros((19, 20), dtype=np.int64)
    for path in sorted((root / "leftImg8bit" / "val").glob("*/*.png")):
        name = path.name.replace("leftImg8bit", "gtFine_labelIds")
        label = np.asarray(Image.open(root / "gtFine" / "val" / path.parent.name / name))
        image = np.asarray(Image.open(path)) / 255
        inputs = (image - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
        guess = by_brightness(torch.tensor(inputs).permute(2, 0, 1)[None].float()).argmax(1)[0].numpy()
        matrix += confusion(TO_TRAIN_ID["label_ids"][label], guess)
    assert result.score == pytest.approx(scores(matrix).miou, abs=1e-12)
    assert [row[1:] for row in result.tables["confusion"].rows] == [tuple(row) for row in matrix.tolist()]


def test_the_score_depends_on_neither_batch_nor_workers_nor_cache(write_tree):
    root = write_tree({"train": {"aa": 2, "bb": 2}, "val": {"dd": 5}})
    results = [
        make(root, eval_batch=size, workers=workers, cache_mb=room).measure(by_brightness)
        for size, workers, room in ((1, 0, 512), (2, 2, 0), (5, 1, 512))
    ]
    assert results[0] == results[1] == results[2]


def test_frames_of_mixed_sizes_are_scored_each_at_its_own(write_tree):
    root = write_tree()
    for kind, suffix in (("leftImg8bit", "leftImg8bit"), ("gtFine", "gtFine_labelIds")):
        path = root / kind / "val" / "dd" / f"dd_000000_000001_{suffix}.png"
        Image.fromarray(np.asarray(Image.open(path))[:16, :20]).save(path)
    label_as_image(root)
    result = make(root, eval_batch=3).measure(reads_labels)
    assert result.score == 1
    labels = (root / "gtFine" / "val").glob("*/*.png")
    scored = sum(int((TO_TRAIN_ID["label_ids"][np.asarray(Image.open(path))] != 255).sum()) for path in labels)
    assert sum(row[3] for row in result.tables["classes"].rows) == scored


def test_reduced_predictions_are_enlarged_to_the_labels_own_size(write_tree):
    root = write_tree(size=(28, 40), ids=(7, 26))
    sizes = []

    def model(inputs):
        sizes.append(tuple(inputs.shape[-2:]))
        return by_brightness(inputs)

    result = make(root, reduce=2).measure(model)
    assert set(sizes) == {(14, 20)}
    assert sum(row[3] for row in result.tables["classes"].rows) == 3 * 28 * 40


def test_some_frames_only_can_be_measured_and_the_metrics_say_so(write_tree):
    root = write_tree({"train": {"aa": 2, "bb": 2}, "val": {"dd": 9}})
    evaluator = make(root, val_frames=3)
    assert evaluator.measure(by_brightness).metrics["frames"] == 3
    assert evaluator.record()["counts"]["val"] == 9


def test_measuring_leaves_every_submodule_in_its_mode(write_tree):
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 19, 1)).train()
    network[0].eval()
    make(write_tree()).measure(network)
    assert network.training and not network[0].training and network[1].training


def test_the_loss_is_the_mean_cross_entropy_of_scored_pixels(write_tree):
    evaluator = make(write_tree())
    batch = next(evaluator.batches("weights"))
    expected = nn.functional.cross_entropy(by_brightness(batch.inputs), batch.targets, ignore_index=255)
    assert evaluator.loss(by_brightness, batch).item() == pytest.approx(expected.item(), rel=1e-5)


def test_an_all_void_batch_has_the_loss_zero_and_no_gradient_that_is_not_finite(write_tree):
    for class_weights in ("none", "inverse_log"):
        evaluator = make(write_tree(), class_weights=class_weights)
        network = nn.Conv2d(3, 19, 1)
        batch = Batch(torch.randn(2, 3, 8, 8), torch.full((2, 8, 8), 255), ("a", "b"))
        loss = evaluator.loss(network, batch)
        loss.backward()
        assert loss.item() == 0
        assert network.weight.grad.abs().max() == 0


def test_inverse_log_weights_are_finite_and_zero_for_absent_classes(write_tree):
    root = write_tree()
    evaluator = make(root, class_weights="inverse_log")
    labels = np.stack([np.asarray(Image.open(p)) for p in (root / "gtFine" / "train").glob("*/*.png")])
    ids = TO_TRAIN_ID["label_ids"][labels]
    share = {index: (ids == index).sum() / (ids != 255).sum() for index in (0, 10, 3)}

    def loss_of(index):
        """Of one pixel of a class beside one road pixel that is certainly right."""
        logits = torch.zeros(1, 19, 1, 2)
        logits[0, 0, 0, 1] = 50
        target = torch.tensor([[[index, 0]]])
        return evaluator.loss(lambda _: logits, Batch(torch.zeros(1, 3, 1, 2), target, ("a",))).item()

    weight = {index: 1 / math.log(1.02 + share[index]) for index in (0, 10)}
    assert loss_of(10) == pytest.approx(math.log(19) * weight[10] / (weight[10] + weight[0]), rel=1e-5)
    assert share[3] == 0 and loss_of(3) == pytest.approx(0, abs=1e-6)


def test_a_network_of_another_shape_is_refused_with_both_shapes(write_tree):
    evaluator = make(write_tree())
    batch = next(evaluator.batches("weights"))
    with pytest.raises(RunError, match=r"\(2, 5, 16, 24\).*\(2, 3, 16, 24\).*\(2, 19, 16, 24\)"):
        evaluator.loss(nn.Conv2d(3, 5, 1), batch)
    with pytest.raises(RunError, match="at the size of its input"):
        evaluator.measure(nn.Conv2d(3, 19, 1, stride=2))


def test_half_precision_still_gives_a_loss_in_float32(write_tree):
    evaluator = make(write_tree(), precision="bfloat16")
    seen = []
    network = nn.Conv2d(3, 19, 1)

    def model(inputs):
        seen.append(network(inputs))
        return seen[-1]

    loss = evaluator.loss(model, next(evaluator.batches("weights")))
    assert seen[0].dtype == torch.bfloat16 and loss.dtype == torch.float32


def test_batches_do_not_depend_on_workers_and_start_anywhere(write_tree):
    root = write_tree()
    streams = [make(root, workers=workers, flip=0.5).batches("arch", start) for workers, start in ((0, 0), (3, 4))]
    whole, later = list(islice(streams[0], 8)), list(islice(streams[1], 4))
    for one, other in zip(whole[4:], later, strict=True):
        assert one.names == other.names and torch.equal(one.inputs, other.inputs)
        assert torch.equal(one.targets, other.targets) and one.targets.dtype == torch.int64


def test_another_seed_gives_other_halves_and_crops(write_tree):
    root = write_tree({"train": {"aa": 20}, "val": {"dd": 1}})
    one, other = (make(root, seed=seed, halves="frame").record()["frames"]["weights"] for seed in (0, 1))
    assert one != other


def test_an_evaluation_follows_from_candidate_and_seed_alone(write_tree):
    root = write_tree()
    candidate = Candidate(Genotype("any", ()), lambda: nn.Conv2d(3, 19, 1))
    torch.manual_seed(5)
    first = make(root).evaluate(candidate)
    torch.manual_seed(6)
    assert make(root).evaluate(candidate) == first


def test_pictures_show_image_truth_and_prediction(write_tree):
    root = write_tree({"train": {"aa": 2, "bb": 2}, "val": {"dd": 6}})
    label_as_image(root)
    pictures = dict(make(root).pictures(reads_labels, 2))
    assert list(pictures) == ["dd_000000_000001", "dd_000001_000004"]
    picture = pictures["dd_000000_000001"]
    assert picture.shape == (24, 120, 3) and picture.dtype == np.uint8
    label = TO_TRAIN_ID["label_ids"][picture[:, :40, 0]]
    assert np.array_equal(picture[:, 40:80], PALETTE[label])
    scored = label != 255
    assert np.array_equal(picture[:, 80:][scored], PALETTE[label][scored])


def test_the_record_names_the_frames_of_both_halves(write_tree):
    record = make(write_tree()).record()
    frames = record["frames"]
    assert len(frames["weights"]) + len(frames["arch"]) == record["counts"]["train"] == 9
    assert not set(frames["weights"]) & set(frames["arch"])
    assert record["classes"][0] == "road" and record["crop"] == [16, 24]


def test_faults_stop_the_construction(write_tree):
    root = write_tree()
    path = root / "gtFine" / "val" / "dd" / "dd_000000_000000_gtFine_labelIds.png"
    Image.fromarray(np.full((24, 40), 77, dtype=np.uint8)).save(path)
    with pytest.raises(DataError, match=r"dd_000000_000000_gtFine_labelIds.png: holds the ids 77"):
        make(root)


def test_train_ids_are_read_if_asked_for(write_tree):
    root = write_tree(ids=(0, 2, 10, 13, 255), suffix="labelTrainIds")
    result = make(root, labels="train_ids").measure(by_brightness)
    assert [row[0] for row in result.tables["classes"].rows if row[3]] == ["road", "building", "sky", "car"]


def test_the_instance_score_is_that_of_the_instance_ids(write_tree):
    root = write_tree(ids=(7, 26))
    counts, matrix = InstanceCounts(), np.zeros((19, 20), dtype=np.int64)
    for path in (root / "gtFine" / "val").glob("*/*_labelIds.png"):
        label = np.asarray(Image.open(path)).astype(np.uint16)
        instances = np.where(label == 26, 26000 + np.arange(40) // 8, label).astype(np.uint16)
        Image.fromarray(instances).save(path.with_name(path.name.replace("labelIds", "instanceIds")))
        guess = np.full(label.shape, 26)
        counts.add(instances, guess)
        matrix += confusion(TO_TRAIN_ID["label_ids"][label], TO_TRAIN_ID["label_ids"][guess])

    def only_cars(inputs):
        logits = torch.zeros(len(inputs), 19, *inputs.shape[-2:])
        logits[:, 13] = 1
        return logits

    result = make(root, instance_iou=True).measure(only_cars)
    expected = instance_scores(counts, by_label_ids(matrix))
    assert result.metrics["iiou"] == pytest.approx(expected.mean, abs=1e-12)
    assert result.metrics["category_iiou"] == pytest.approx(expected.category_mean, abs=1e-12)
    assert 0 < expected.mean < 1


def test_options_with_a_reversed_scale_are_refused():
    with pytest.raises(ValueError, match="smaller number comes first"):
        Cityscapes.Options(root="x", scale=(2.0, 0.5))


def test_the_defaults_are_the_papers_search():
    options = Cityscapes.Options(root="x")
    assert (options.reduce, options.crop_size, options.batch, options.halves) == (2, (321, 321), 2, "frame")
    assert (options.scale, options.flip) == ((1.0, 1.0), 0.0)
