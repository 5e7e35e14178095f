"""Our numbers against the official Cityscapes scripts, on pictures that the tests draw and on real frames."""

import importlib
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nasframe_cityscapes.classes import CATEGORIES, LABELS, NAMES, TO_LABEL_ID, TO_TRAIN_ID
from nasframe_cityscapes.instances import InstanceCounts, instance_scores
from nasframe_cityscapes.scoring import by_label_ids, confusion, scored, scores

ID = {label.name: label.id for label in LABELS}


@pytest.fixture
def official(monkeypatch):
    """The official script's scorer: pairs of files -> its result dictionary."""
    pytest.importorskip("cityscapesscripts")
    # The script calls numpy.in1d, which numpy 2.4 removed.
    monkeypatch.setattr(np, "in1d", np.isin, raising=False)
    script = importlib.import_module("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")

    def score(pairs, *, instances):
        monkeypatch.setattr(script.args, "quiet", True)
        monkeypatch.setattr(script.args, "JSONOutput", False)
        monkeypatch.setattr(script.args, "evalInstLevelScore", instances)
        truths, predictions = zip(*pairs, strict=True)
        return script.evaluateImgLists(list(map(str, predictions)), list(map(str, truths)), script.args)

    return score


def write(folder: Path, name: str, picture: np.ndarray) -> Path:
    path = folder / name
    Image.fromarray(picture).save(path)
    return path


def ours(pairs):
    """The label-id matrix and instance counts of pairs of (truth, prediction, instances or None)."""
    whole, counts = 0, InstanceCounts()
    for truth, prediction, instances in pairs:
        whole = whole + confusion(truth, prediction, len(LABELS))
        if instances is not None:
            counts.add(instances, prediction)
    return whole, counts


def assert_equal_to_official(whole, counts, result):
    mine = scores(scored(whole))
    assert mine.miou_official == pytest.approx(result["averageScoreClasses"], abs=1e-12, nan_ok=True)
    for name, value in zip(NAMES, mine.iou, strict=True):
        assert value == pytest.approx(result["classScores"][name], abs=1e-12, nan_ok=True), name
    for name, value in zip(CATEGORIES, mine.category_iou, strict=True):
        assert value == pytest.approx(result["categoryScores"][name], abs=1e-12, nan_ok=True), name
    assert np.array_equal(whole[:, :-1], np.array(result["confMatrix"]))
    if counts is not None:
        instance = instance_scores(counts, whole)
        for name, value in zip(NAMES, instance.iou, strict=True):
            assert value == pytest.approx(result["classInstScores"][name], abs=1e-9, nan_ok=True), name
        for name, value in zip(CATEGORIES, instance.category_iou, strict=True):
            assert value == pytest.approx(result["categoryInstScores"][name], abs=1e-9, nan_ok=True), name
        assert instance.mean == pytest.approx(result["averageScoreInstClasses"], abs=1e-9, nan_ok=True)
        assert instance.category_mean == pytest.approx(result["averageScoreInstCategories"], abs=1e-9, nan_ok=True)


def random_pictures(seed: int, ids: int = 34):
    """Blocks of random label ids, a prediction that is half right, and instances in the truth."""
    rng = np.random.default_rng(seed)
    truth = np.kron(rng.integers(0, ids, (6, 9)), np.ones((5, 7))).astype(np.uint8)
    noise = rng.integers(0, ids, truth.shape).astype(np.uint8)
    prediction = np.where(rng.random(truth.shape) < 0.5, truth, noise)
    block = np.kron(np.arange(54).reshape(6, 9), np.ones((5, 7), dtype=int))
    alone = (truth >= 24) & (block % 3 > 0)
    instances = np.where(alone, truth.astype(np.int32) * 1000 + block, truth)
    return truth, prediction, instances.astype(np.uint16)


@pytest.mark.parametrize("seed", range(4))
def test_random_pictures_score_like_the_official_script(official, tmp_path, seed):
    pictures = [random_pictures(10 * seed + part, ids=34 if seed else 30) for part in range(3)]
    files = [
        (write(tmp_path, f"{k}_gtFine_labelIds.png", truth), write(tmp_path, f"{k}_guess.png", guess))
        for k, (truth, guess, _) in enumerate(pictures)
    ]
    for k, (_, _, instances) in enumerate(pictures):
        write(tmp_path, f"{k}_gtFine_instanceIds.png", instances)
    assert_equal_to_official(*ours(pictures), official(files, instances=True))


def test_a_class_that_is_only_predicted_counts_as_zero_in_the_official_mean_and_not_in_ours():
    truth = np.full((10, 10), ID["road"], dtype=np.uint8)
    truth[5:] = ID["building"]
    guess = truth.copy()
    guess[0, 0] = ID["wall"]
    mine = scores(scored(confusion(truth, guess, 34)))
    assert mine.classes == 2
    assert mine.miou == pytest.approx((49 / 50 + 1) / 2)
    assert mine.miou_official == pytest.approx((49 / 50 + 1 + 0) / 3)


def oracle_scene():
    """The drawn scene of the instance oracle: truth, prediction, instance ids."""
    truth = np.full((100, 200), ID["road"], dtype=np.uint8)
    truth[:10] = 0
    truth[20:40, 10:40] = truth[50:55, 100:108] = ID["car"]
    truth[60:70, 20:26] = truth[80:90, 100:120] = ID["person"]
    instances = truth.astype(np.uint16)
    instances[20:40, 10:40] = 26001
    instances[50:55, 100:108] = 26002
    instances[60:70, 20:26] = 24001
    guess = truth.copy()
    guess[:10] = ID["car"]
    guess[20:30, 10:40] = ID["truck"]
    guess[50:53, 100:108] = ID["road"]
    guess[60:65, 20:26] = ID["rider"]
    guess[95:100, :50] = ID["car"]
    guess[90:95, :10] = 0
    return truth, guess, instances


def test_the_drawn_scene_has_the_published_instance_scores():
    whole, counts = ours([oracle_scene()])
    mine, instance = scores(scored(whole)), instance_scores(counts, whole)
    percent = {name: 100 * value for name, value in zip(NAMES, mine.iou, strict=True) if not math.isnan(value)}
    assert percent == pytest.approx({"road": 98.11, "person": 88.46, "rider": 0, "car": 35.51, "truck": 0}, abs=0.005)
    of = dict(zip(NAMES, 100 * instance.iou, strict=True))
    found = {name: value for name, value in of.items() if not math.isnan(value)}
    assert found == pytest.approx({"person": 50.00, "car": 44.56, "rider": 0, "truck": 0}, abs=0.005)
    category = dict(zip(CATEGORIES, 100 * mine.category_iou, strict=True))
    assert (category["flat"], category["human"], category["vehicle"]) == pytest.approx((98.11, 100, 69.21), abs=0.005)
    weighed = dict(zip(CATEGORIES, 100 * instance.category_iou, strict=True))
    assert (weighed["human"], weighed["vehicle"]) == pytest.approx((100, 69.32), abs=0.005)


def test_the_drawn_scene_scores_like_the_official_script(official, tmp_path):
    truth, guess, instances = oracle_scene()
    write(tmp_path, "a_gtFine_instanceIds.png", instances)
    files = [(write(tmp_path, "a_gtFine_labelIds.png", truth), write(tmp_path, "a_guess.png", guess))]
    assert_equal_to_official(*ours([(truth, guess, instances)]), official(files, instances=True))


def test_matrices_of_parts_add_up_to_the_matrix_of_the_whole():
    truth, guess, _ = random_pictures(3)
    halves = confusion(truth[:11], guess[:11], 34) + confusion(truth[11:], guess[11:], 34)
    assert np.array_equal(halves, confusion(truth, guess, 34))


def test_the_matrix_equals_a_count_pixel_by_pixel():
    rng = np.random.default_rng(0)
    truth = rng.choice([0, 1, 2, 18, 255], (9, 11)).astype(np.uint8)
    guess = rng.choice([0, 1, 2, 18, 200], (9, 11)).astype(np.uint8)
    expected = np.zeros((19, 20), dtype=np.int64)
    for row, column in zip(truth.ravel(), guess.ravel(), strict=True):
        if row < 19:
            expected[row, min(column, 19)] += 1
    assert np.array_equal(confusion(truth, guess), expected)


def counted_singly(truth, guess, classes):
    """The matrix by definition, from the pairs as Python numbers."""
    expected = np.zeros((classes, classes + 1), dtype=np.int64)
    for row, column in zip(truth.ravel().tolist(), guess.ravel().tolist(), strict=True):
        if row < classes:
            expected[row, min(column, classes)] += 1
    return expected


@pytest.mark.parametrize("classes", [1, 19, 34, 180])
@pytest.mark.parametrize("noise", [0.0, 0.05, 0.5])
@pytest.mark.parametrize("shape", [(0, 5), (1, 7), (24, 32), (23, 31)])
def test_groups_of_equal_pixels_count_like_single_ones(classes, noise, shape):
    rng = np.random.default_rng(1)
    blocks = rng.integers(0, 256, (2, -(-shape[0] // 6), -(-shape[1] // 8)))
    pictures = np.kron(blocks, np.ones((6, 8), dtype=int))[:, : shape[0], : shape[1]]
    noisy = np.where(rng.random((2, *shape)) < noise, rng.integers(0, 256, (2, *shape)), pictures)
    truth, guess = noisy.astype(np.uint8)
    assert np.array_equal(confusion(truth, guess, classes), counted_singly(truth, guess, classes))


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int32, np.int64, np.uint16])
def test_ids_of_every_type_and_order_in_memory_count_alike(kind):
    truth, guess, _ = random_pictures(7)
    expected = counted_singly(truth, guess, 34)
    assert np.array_equal(confusion(truth.astype(kind), guess.astype(kind), 34), expected)
    assert np.array_equal(confusion(truth.T.astype(kind), guess.T.astype(kind), 34), expected)
    assert np.array_equal(
        confusion(truth[::2, ::3], guess[::2, ::3], 34), counted_singly(truth[::2, ::3], guess[::2, ::3], 34)
    )
    if np.iinfo(kind).max > 255:
        assert np.array_equal(confusion(truth.astype(kind) + 300, guess.astype(kind), 34), np.zeros((34, 35)))


def test_bytes_that_do_not_begin_at_a_machine_word_count_too():
    row = np.repeat(np.arange(8, dtype=np.uint8), 16)
    assert np.array_equal(confusion(row[3:], row[:-3]), counted_singly(row[3:], row[:-3], 19))


@pytest.mark.parametrize("place", [0, 1])
def test_negative_ids_are_refused(place):
    pictures = [np.zeros(16, dtype=np.int32), np.zeros(16, dtype=np.int32)]
    pictures[place][5] = -1
    with pytest.raises(ValueError, match="smallest id is -1"):
        confusion(*pictures)


def test_label_id_pictures_and_train_id_pictures_score_the_same():
    truth, guess, _ = random_pictures(5)
    table = TO_TRAIN_ID["label_ids"]
    by_class = confusion(table[truth], table[guess])
    assert np.array_equal(by_class, scored(confusion(truth, guess, 34)))
    assert np.array_equal(scored(by_label_ids(by_class)), by_class)


def test_a_set_without_any_scored_pixel_has_no_mean():
    nothing = scores(np.zeros((19, 20), dtype=np.int64))
    assert nothing.classes == 0
    assert math.isnan(nothing.miou) and math.isnan(nothing.pixel_accuracy)


def test_unequal_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(3, 2\)"):
        confusion(np.zeros((2, 3), dtype=np.uint8), np.zeros((3, 2), dtype=np.uint8))


def test_the_tables_are_those_of_the_official_script():
    labels = pytest.importorskip("cityscapesscripts.helpers.labels").labels
    stored = [label for label in labels if label.id >= 0]
    assert [(x.id, x.name, x.category, x.color, not x.ignoreInEval, x.hasInstances) for x in stored] == [
        tuple(label) for label in LABELS
    ]
    assert [int(TO_TRAIN_ID["label_ids"][x.id]) for x in stored] == [x.trainId for x in stored]


def test_train_id_to_label_id_and_back_is_the_identity():
    assert list(TO_TRAIN_ID["label_ids"][TO_LABEL_ID[:19]]) == list(range(19))


@pytest.fixture(scope="module")
def shifted():
    """Val of the CamVid set in Cityscapes layout: (truth, prediction shifted 3 down and 4 right), by file."""
    root = os.environ.get("NASFRAME_CAMVID")
    if not root:
        pytest.skip("NASFRAME_CAMVID does not name the CamVid set in Cityscapes layout")
    pairs = {}
    for path in sorted(Path(root, "gtFine", "val").glob("*/*_gtFine_labelIds.png")):
        truth = np.asarray(Image.open(path))
        guess = np.roll(truth, (3, 4), (0, 1))
        pairs[path] = (truth, np.where(guess == 0, ID["building"], guess).astype(np.uint8))
    assert len(pairs) == 101
    return pairs


def test_real_frames_have_the_published_numbers(shifted):
    whole, _ = ours([(*pair, None) for pair in shifted.values()])
    mine = scores(scored(whole))
    means = (mine.miou, mine.category_miou, mine.pixel_accuracy, mine.class_accuracy)
    assert [100 * value for value in (*means, mine.frequency_weighted_iou)] == pytest.approx(
        [60.780, 69.034, 89.017, 70.870, 81.099], abs=5e-4
    )
    of = dict(zip(NAMES, 100 * mine.iou, strict=True))
    published = {
        "road": 88.587,
        "sidewalk": 74.389,
        "building": 82.141,
        "fence": 63.310,
        "pole": 0.687,
        "traffic sign": 36.397,
        "vegetation": 84.326,
        "sky": 83.038,
        "person": 34.173,
        "rider": 50.634,
        "car": 70.904,
    }
    assert {name: value for name, value in of.items() if not math.isnan(value)} == pytest.approx(published, abs=5e-4)
    assert list(100 * mine.category_iou) == pytest.approx(
        [90.629, 83.002, 23.543, 84.326, 83.038, 47.798, 70.904], abs=5e-4
    )


def test_one_pixel_of_an_absent_class_changes_only_the_official_mean(shifted):
    pairs = [(truth, guess.copy(), None) for truth, guess in shifted.values()]
    truth, guess, _ = pairs[0]
    row, column = np.argwhere(truth == ID["road"])[0]
    guess[row, column] = ID["wall"]
    mine = scores(scored(ours(pairs)[0]))
    assert 100 * mine.miou_official == pytest.approx(55.715, abs=5e-4)
    assert 100 * mine.miou == pytest.approx(60.780, abs=5e-4)


def test_real_frames_score_like_the_official_script_to_1e_6(shifted, official, tmp_path):
    files = [(path, write(tmp_path, path.name, guess)) for path, (_, guess) in shifted.items()]
    result = official(files, instances=False)
    whole, _ = ours([(*pair, None) for pair in shifted.values()])
    assert_equal_to_official(whole, None, json.loads(json.dumps(result)))
