"""What TensorBoard finds in a run's folder."""

import json

import pytest

pytest.importorskip("tensorboard", reason="the extra plug-in nasframe-tensorboard needs tensorboard")
pytest.importorskip("nasframe_tensorboard", reason="the extra plug-in nasframe-tensorboard is not installed")

import numpy as np
from matplotlib.image import imsave
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from nasframe_tensorboard import nasframe_event

EXPERIMENT = "seed: 3\nspace: {type: tiny, rates: [1, 2]}\nevaluator: {type: pixels, lr: 0.1}\nretrain: null\n"


@pytest.fixture
def tell(tmp_path):
    (tmp_path / "experiment.yaml").write_text(EXPERIMENT)
    pictures = tmp_path / "retrain" / "pictures"
    pictures.mkdir(parents=True)
    imsave(pictures / "street.png", np.zeros((4, 6, 3), dtype=np.uint8))

    def tell(event, phase, step, trackers=("tensorboard",), **facts):
        nasframe_event(
            {"event": event, "phase": phase, "step": step, "folder": str(tmp_path), "trackers": trackers, **facts}
        )

    return tell


def found(tmp_path, phase):
    accumulator = EventAccumulator(str(tmp_path / "tensorboard" / phase))
    accumulator.Reload()
    return accumulator


def curve(tmp_path, phase, name):
    return [(scalar.step, round(scalar.value, 3)) for scalar in found(tmp_path, phase).Scalars(name)]


def test_a_run_that_does_not_ask_for_it_writes_nothing(tell, tmp_path):
    tell("started", "search", 0, trackers=(), steps=2)
    assert not (tmp_path / "tensorboard").exists()


def test_each_phase_has_its_curves_and_the_end_its_scores_and_pictures(tell, tmp_path):
    for phase in ("search", "retrain"):
        tell("started", phase, 0, steps=2)
        for step in (1, 2):
            tell("step", phase, step, metrics={"loss": 1 / step})
    tell("genotype", "search", 2, genotype={"space": "tiny", "decisions": {"a": "b"}})
    tell("evaluation", "retrain", 2, score=0.5, metrics={"miou": 0.5})
    tell("finished", "retrain", 2, minutes=1)
    assert curve(tmp_path, "search", "loss") == curve(tmp_path, "retrain", "loss") == [(1, 1.0), (2, 0.5)]
    assert curve(tmp_path, "retrain", "final/miou") == [(2, 0.5)]
    assert found(tmp_path, "retrain").Tags()["images"] == ["pictures/street"]
    text = found(tmp_path, "search").Tensors("genotype/text_summary")[0].tensor_proto.string_val[0]
    assert b"a: b" in text
    assert any((tmp_path / "tensorboard" / "retrain" / "options").iterdir())


def test_what_was_written_behind_the_checkpoint_is_forgotten_on_resuming(tell, tmp_path):
    tell("started", "search", 0, steps=4)
    for step in (1, 2, 3):
        tell("step", "search", step, metrics={"loss": 1.0})
    tell("stopped", "search", 3, reason="")
    tell("resumed", "search", 1, checkpoint="x")
    for step in (2, 3):
        tell("step", "search", step, metrics={"loss": 2.0})
    tell("finished", "search", 3, minutes=1)
    assert curve(tmp_path, "search", "loss") == [(1, 1.0), (2, 2.0), (3, 2.0)]


def test_the_options_are_kept_as_hyper_parameters(tell, tmp_path):
    from nasframe.runfolder.layout import RunLayout
    from nasframe_tensorboard.writing import _options

    tell("started", "search", 0, steps=1)
    tell("finished", "search", 0, minutes=1)
    assert _options(RunLayout(tmp_path)) == {
        "seed": 3,
        "space.type": "tiny",
        "space.rates": json.dumps([1, 2]),
        "evaluator.type": "pixels",
        "evaluator.lr": 0.1,
    }
