"""``nasframe score``: label-id pictures on disk, held against the official script."""

import importlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import nasframe_cityscapes
from nasframe.cli import main
from nasframe.plugin.registry import Plugin, Registry
from nasframe_cityscapes.classes import CATEGORIES, LABELS, NAMES, TO_TRAIN_ID

FRAMES = ("aa_000000_000019", "aa_000001_000019", "bb_000000_000019")
MEANS = {
    "miou_official": "averageScoreClasses",
    "category_miou": "averageScoreCategories",
    "iiou": "averageScoreInstClasses",
    "category_iiou": "averageScoreInstCategories",
}


@pytest.fixture
def score():
    """Runs ``nasframe score`` with only this plug-in."""
    registry = Registry([Plugin("cityscapes", "nasframe-cityscapes", "1.0", lambda: nasframe_cityscapes)])

    def score(root, predictions, *arguments):
        words = ["score", "--root", str(root), "--predictions", str(predictions), *arguments]
        return CliRunner().invoke(main, words, obj=registry)

    return score


@pytest.fixture
def official(monkeypatch):
    """The official script's result for a folder of predictions; it pairs the files by itself."""
    pytest.importorskip("cityscapesscripts")
    monkeypatch.setattr(np, "in1d", np.isin, raising=False)  # numpy 2.4 removed it
    script = importlib.import_module("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")

    def score(root, predictions, *, instances=True):
        monkeypatch.setattr(script.args, "predictionWalk", None)
        monkeypatch.setattr(script.args, "predictionPath", str(predictions))
        for name, value in {"quiet": True, "JSONOutput": False, "evalInstLevelScore": instances}.items():
            monkeypatch.setattr(script.args, name, value)
        truths = sorted(map(str, (root / "gtFine" / "val").glob("*/*_labelIds.png")))
        return script.evaluateImgLists(
            [script.getPrediction(script.args, path) for path in truths], truths, script.args
        )

    return score


def save(pixels, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def draw(root, predictions, *, ids=34, instances=True):
    """Random truths, instances and predictions, half of them right and the rest of any id, scored or not."""
    for number, stem in enumerate(FRAMES):
        rng = np.random.default_rng(number)
        truth = np.kron(rng.integers(0, ids, (6, 9)), np.ones((5, 7))).astype(np.uint8)
        noise = rng.integers(0, ids, truth.shape).astype(np.uint8)
        folder = root / "gtFine" / "val" / stem[:2]
        save(truth, folder / f"{stem}_gtFine_labelIds.png")
        block = np.kron(np.arange(54).reshape(6, 9), np.ones((5, 7), dtype=int))
        alone = (truth >= 24) & (block % 3 > 0)
        if instances:
            labelled = np.where(alone, truth.astype(np.int32) * 1000 + block, truth).astype(np.uint16)
            save(labelled, folder / f"{stem}_gtFine_instanceIds.png")
        guess = np.where(rng.random(truth.shape) < 0.5, truth, noise)
        save(guess.astype(np.uint8), predictions / stem[:2] / f"{stem}_anything.png")


@pytest.fixture
def drawn(tmp_path):
    """A set without any image, and predictions for it."""
    draw(tmp_path / "set", tmp_path / "guess")
    return tmp_path / "set", tmp_path / "guess"


def assert_equal(found, wanted, instances=True):
    for mine, theirs in MEANS.items():
        if instances or "iiou" not in mine:
            assert found["metrics"][mine] == pytest.approx(wanted[theirs], abs=1e-9), mine
    for table, names, key in (("classes", NAMES, "class"), ("categories", CATEGORIES, "category")):
        columns = found["tables"][table]["columns"]
        for name, row in zip(names, found["tables"][table]["rows"], strict=True):
            cells = dict(zip(columns, row, strict=True))
            for column, scores in (("IoU", f"{key}Scores"), ("iIoU", f"{key}InstScores")):
                if column in cells:
                    value = np.nan if cells[column] is None else cells[column]
                    assert value == pytest.approx(wanted[scores][name], abs=1e-9, nan_ok=True), (name, column)


def test_drawn_pictures_score_like_the_official_script_predicted_ignored_ids_too(drawn, score, official):
    found = json.loads(score(*drawn, "--format", "json").stdout)
    assert found["conditions"]["with_instance_ids"] == 3
    assert any(row[-1] > 0 for row in found["tables"]["confusion"]["rows"]), "ignored ids were predicted"
    assert_equal(found, official(*drawn))


def test_without_instance_ids_there_is_no_instance_score(tmp_path, score, official):
    root, guess = tmp_path / "set", tmp_path / "guess"
    draw(root, guess, instances=False)
    found = json.loads(score(root, guess, "--format", "json").stdout)
    assert "iiou" not in found["metrics"]
    assert found["tables"]["classes"]["columns"] == ["class", "IoU", "accuracy", "pixels"]
    assert_equal(found, official(root, guess, instances=False), instances=False)


def test_palette_pictures_count_by_their_indices(drawn, score):
    before = score(*drawn).stdout
    for path in drawn[1].rglob("*.png"):
        picture = Image.fromarray(np.asarray(Image.open(path)))
        picture.putpalette([value for label in LABELS for value in label.color])
        picture.save(path)
        assert picture.mode == "P"
    assert score(*drawn).stdout == before


def test_train_id_labels_can_be_scored_against(drawn, score):
    whole = json.loads(score(*drawn, "--format", "json").stdout)
    for path in (drawn[0] / "gtFine").rglob("*_labelIds.png"):
        trains = TO_TRAIN_ID["label_ids"][np.asarray(Image.open(path))]
        save(trains, path.with_name(path.name.replace("labelIds", "labelTrainIds")))
        path.unlink()
    found = json.loads(score(*drawn, "--labels", "train_ids", "--format", "json").stdout)
    assert found["tables"] == whole["tables"]


def test_frames_without_a_picture_or_with_two_are_all_named(drawn, score):
    root, guess = drawn
    (guess / "aa" / f"{FRAMES[0]}_anything.png").unlink()
    save(np.zeros((30, 63), np.uint8), guess / "deep" / "er" / f"{FRAMES[2]}.png")
    result = score(root, guess)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "must hold exactly one file for each of the 3 frames" in result.stderr
    assert f"{FRAMES[0]}*.png: no such file" in result.stderr
    assert f"{FRAMES[2]}*.png: deep/er/{FRAMES[2]}.png, bb/{FRAMES[2]}_anything.png" in result.stderr
    assert FRAMES[1] not in result.stderr


def test_pictures_that_cannot_be_scored_are_all_named_with_the_reason(drawn, score):
    root, guess = drawn
    files = [next(guess.rglob(f"{stem}*")) for stem in FRAMES]
    save(np.zeros((30, 63, 3), np.uint8), files[0])
    save(np.zeros((15, 30), np.uint8), files[1])
    save(np.full((30, 63), 255, np.uint8), files[2])
    stderr = score(root, guess).stderr
    assert f"{files[0]}: is a picture of the kind 'RGB'; expected one 8-bit channel that holds ids" in stderr
    assert f"{files[1]}: is 30x15, its label 63x30 (width x height)" in stderr
    assert f"{files[2]}: holds the ids 255; label ids are 0 to 33; are these train ids" in stderr
    files[0].write_text("text")
    assert f"{files[0]}: cannot be read (not a picture file)" in score(root, guess).stderr


def test_frames_without_a_picture_and_pictures_that_cannot_be_scored_are_named_at_once(drawn, score):
    root, guess = drawn
    (guess / "aa" / f"{FRAMES[0]}_anything.png").unlink()
    wrong = next(guess.rglob(f"{FRAMES[1]}*"))
    save(np.full((30, 63), 255, np.uint8), wrong)
    stderr = score(root, guess).stderr
    assert "for each of the 3 frames, whose name begins with the frame's; for 1 there is none, or several:" in stderr
    assert f"{FRAMES[0]}*.png: no such file" in stderr
    assert "1 file cannot be scored: wrong ids:" in stderr and f"{wrong}: holds the ids 255" in stderr


def test_no_kind_of_fault_hides_another(tmp_path, score):
    root, guess = tmp_path / "set", tmp_path / "guess"
    stems = [f"aa_{number:06}_000019" for number in range(95)]
    for number, stem in enumerate(stems):
        save(np.full((4, 6), 7, np.uint8), root / "gtFine" / "val" / "aa" / f"{stem}_gtFine_labelIds.png")
        save(np.full((4, 6), 7, np.uint16), root / "gtFine" / "val" / "aa" / f"{stem}_gtFine_instanceIds.png")
        if number >= 60:
            save(np.full((4, 6), 99 if number < 90 else 7, np.uint8), guess / f"{stem}.png")
    save(np.zeros((4, 6, 3), np.uint8), guess / f"{stems[90]}.png")
    save(np.zeros((2, 3), np.uint8), guess / f"{stems[91]}.png")
    (guess / f"{stems[92]}.png").write_text("text")
    save(np.zeros((2, 3), np.uint16), root / "gtFine" / "val" / "aa" / f"{stems[93]}_gtFine_instanceIds.png")
    (root / "gtFine" / "val" / "aa" / f"{stems[0]}_gtFine_labelIds.png").write_text("text")
    lines = score(root, guess).stderr.partition("error: ")[2].splitlines()
    assert [line for line in lines if not line.startswith("  ")] == [
        "95 files cannot be scored or found, for several reasons",
        f"{guess} must hold exactly one file for each of the 95 frames, whose name begins with the frame's; for 60 "
        "there is none, or several:",
        "2 files cannot be scored: unreadable:",
        "30 files cannot be scored: wrong ids:",
        "1 file cannot be scored: wrong kind of picture:",
        "1 file cannot be scored: wrong size:",
        "1 file cannot be scored: wrong instance ids:",
    ]
    assert [line for line in lines if "more" in line] == ["  … and 40 more", "  … and 10 more"]
    assert any(
        line.endswith("instanceIds.png: has the shape (2, 3), its label (4, 6); they must be equal") for line in lines
    )


def test_train_ids_given_as_label_ids_are_suspected(drawn, score):
    for path in drawn[1].rglob("*.png"):
        save(np.full((30, 63), 13, np.uint8), path)
    assert "no predicted id is above 13: are these train ids?" in score(*drawn).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--split", "test"), "labels of Cityscapes' split 'test' are dummies"),
        (("--split", "train"), "gtFine/train holds no */*_gtFine_labelIds.png; the layout is"),
        (("--predictions", "nowhere"), "nowhere is no folder; expected the one that holds the predicted label-id"),
    ],
)
def test_what_cannot_be_scored_is_refused_with_the_reason(drawn, score, arguments, words):
    result = score(*drawn, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr


def test_the_table_has_percents_and_the_folder_has_everything(drawn, score, tmp_path):
    result = score(*drawn, "--output", str(tmp_path / "out"))
    found = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert f"│ {100 * found['metrics']['miou_official']:.2f} %" in result.stdout
    rows = (tmp_path / "out" / "confusion.csv").read_text().splitlines()
    assert [list(map(int, row.split(",")[1:])) for row in rows[1:]] == [
        row[1:] for row in found["tables"]["confusion"]["rows"]
    ]
    assert "evaluation.json exists already" in score(*drawn, "--output", str(tmp_path / "out")).stderr
    assert score(*drawn, "--output", str(tmp_path / "out"), "--force").exit_code == 0


def test_the_root_may_come_from_the_environment(drawn, monkeypatch, score):
    monkeypatch.setenv("CITYSCAPES_DATASET", str(drawn[0]))
    registry = Registry([Plugin("cityscapes", "nasframe-cityscapes", "1.0", lambda: nasframe_cityscapes)])
    result = CliRunner().invoke(main, ["score", "--predictions", str(drawn[1])], obj=registry)
    assert result.exit_code == 0


@pytest.mark.skipif("NASFRAME_CAMVID" not in os.environ, reason="NASFRAME_CAMVID names no folder of real frames")
def test_shifted_real_labels_score_like_the_official_script(tmp_path, score, official):
    root = Path(os.environ["NASFRAME_CAMVID"])
    for path in (root / "gtFine" / "val").glob("*/*_labelIds.png"):
        guess = np.roll(np.asarray(Image.open(path)), (3, 4), (0, 1))
        save(np.where(guess == 0, 11, guess).astype(np.uint8), tmp_path / path.name)
    found = json.loads(score(root, tmp_path, "--format", "json").stdout)
    assert 100 * found["metrics"]["miou_official"] == pytest.approx(60.780, abs=5e-4)
    assert 100 * found["metrics"]["category_miou"] == pytest.approx(69.034, abs=5e-4)
    assert_equal(found, official(root, tmp_path, instances=False), instances=False)
