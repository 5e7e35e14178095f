"""The benchmark of what can be told of genotypes on a GPU, on a CPU and a few drawn scenes."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

stats = pytest.importorskip("scipy.stats", reason="scipy comes with the extra 'dev'")

import gpu_signal  # noqa: E402 - it needs scipy
from gpu_signal_pack import WITHIN, Pack, read_pack  # noqa: E402
from gpu_signal_report import balanced  # noqa: E402
from gpu_signal_training import (  # noqa: E402
    CLIP,
    DECAY,
    MOMENTUM,
    FlatParameters,
    Frames,
    Recipe,
    Schedule,
    Training,
    cross_entropy,
)

from nasframe.evidence.statistics import correlation, kendall, spearman, variance  # noqa: E402
from nasframe_cityscapes.scenes import SceneOptions  # noqa: E402
from nasframe_cityscapes.streets import drawn  # noqa: E402

CPU = torch.device("cpu")
RECIPE = Recipe(steps=8, batch=2, crop=(33, 33), lr=0.05, ema=0.99, class_weights="inverse_log")
TINY = "--genotypes 3 --seeds 2 --steps 8 --batch 2 --crop 33 33 --device cpu --together 2".split()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gpu_signal")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NASFRAME_CACHE", str(folder))
        patch.setenv("NASFRAME_CAMVID", str(drawn(SceneOptions(train=6, val=2, cities=2, height=64, width=96))))
        gpu_signal.main(["--pack", str(folder / "pack.npz"), "--genotypes", "3", "--draws", "5"])
    return folder / "pack.npz"


@pytest.fixture(scope="module")
def frames(data: Path) -> Frames:
    return Frames(read_pack(data).arrays, RECIPE.class_weights, CPU)


def values(data: Path) -> torch.Tensor:
    return FlatParameters(gpu_signal.initial_network(data, genotype=0, seed=0)).values


def test_the_genotypes_of_a_pack_differ_and_cost_alike(data: Path):
    pack: Pack = read_pack(data)
    macs = [entry.macs for entry in pack.entries]
    assert len({entry.genotype for entry in pack.entries}) == 3
    assert max(macs) / min(macs) <= (1 + WITHIN) / (1 - WITHIN)
    assert pack.arrays["train_images"].shape == (6, 32, 48, 3)
    assert pack.task.size == (32, 48)


def test_a_killed_run_goes_on_and_ends_like_one_that_was_not(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def killed(*arguments: object) -> None:
        if len(calls := gpu_signal.finished(cut / "trainings.jsonl")) == 2:
            raise KeyboardInterrupt(calls)
        do_group(*arguments)

    whole, cut, do_group = tmp_path / "whole", tmp_path / "cut", gpu_signal.do_group
    gpu_signal.main(["--data", str(data), "--output", str(whole), *TINY])
    monkeypatch.setattr(gpu_signal, "do_group", killed)
    with pytest.raises(KeyboardInterrupt):
        gpu_signal.main(["--data", str(data), "--output", str(cut), *TINY])
    monkeypatch.undo()
    with (cut / "trainings.jsonl").open("a") as file:
        file.write('{"genotype": 2, "see')  # a line that was being written
    gpu_signal.main(["--data", str(data), "--output", str(cut), *TINY])
    results = [
        {(row["seed"], row["genotype"]): row["scores"] for row in gpu_signal.finished(folder / "trainings.jsonl")}
        for folder in (whole, cut)
    ]
    assert list(results[0]) == [(seed, genotype) for seed in range(2) for genotype in range(3)]
    assert results[0] == results[1]
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in (whole, cut)]
    assert summaries[0]["variance"] == summaries[1]["variance"]
    assert set(summaries[0]["variance"]["miou"]) == {"1/8", "1/4", "1/2", "1"}
    tables = (cut / "tables.md").read_text()
    assert "multiply-adds, mean of all seeds" in tables
    assert "seed 0, seed 1" in tables


def test_results_of_other_settings_are_left_alone(data: Path, tmp_path: Path):
    gpu_signal.settle(tmp_path, RECIPE, data)
    gpu_signal.settle(tmp_path, RECIPE, data)
    with pytest.raises(SystemExit, match=r"other settings \(lr\)"):
        gpu_signal.settle(tmp_path, replace(RECIPE, lr=0.1), data)


def test_no_training_is_begun_when_the_time_is_up(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    gpu_signal.main(["--data", str(data), "--output", str(tmp_path), *TINY, "--minutes", "0"])
    assert "0 of 6 trainings are done" in capsys.readouterr().out


def test_a_step_reads_nothing_back_from_the_device(data: Path, frames: Frames):
    class Noting(TorchDispatchMode):
        def __torch_dispatch__(self, operation, types, positional=(), named=None):
            noted[operation.overloadpacket] += 1
            return operation(*positional, **(named or {}))

    noted: Counter = Counter()
    training = Training(gpu_signal.initial_network(data, 0, 0), frames, Schedule(RECIPE, frames), None)
    with Noting():
        training.step()
        training.measurement()
    assert noted[torch.ops.aten.convolution_backward] > 50
    # What waits for the device, and so cannot be part of a CUDA graph.
    waiting = {torch.ops.aten._local_scalar_dense, torch.ops.aten.nonzero, torch.ops.aten.masked_select}
    assert not waiting & set(noted)


def test_steps_are_those_of_torchs_sgd_with_clipped_gradients(data: Path, frames: Frames):
    schedule = Schedule(RECIPE, frames)
    training = Training(gpu_signal.initial_network(data, 0, 0), frames, schedule, None)
    training.begin(values(data))
    network = gpu_signal.initial_network(data, 0, 0).train()
    average = [parameter.detach().clone() for parameter in network.parameters()]
    groups = [
        {"params": [one for one in network.parameters() if (one.ndim > 1) is decayed], "weight_decay": decay}
        for decayed, decay in ((True, DECAY), (False, 0.0))
    ]
    optimiser = torch.optim.SGD(groups, lr=1.0, momentum=MOMENTUM)
    for step in range(2):  # the second has momentum; in a third one differences in rounding have grown
        training.step()
        images, labels = schedule.crops(torch.tensor([step]))
        weights = frames.importance[labels]
        loss = (cross_entropy(network(images), labels) * weights).sum() / weights.sum()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        for group in optimiser.param_groups:
            group["lr"] = float(schedule.rates[step])
        optimiser.step()
        for kept, parameter in zip(average, network.parameters(), strict=True):
            kept.lerp_(parameter.detach(), 1 - (1 + step) / (10 + step))
    for found, parameter in zip(training.shown.parameters(), average, strict=True):
        torch.testing.assert_close(found.detach(), parameter, rtol=1e-4, atol=1e-5)


def test_a_crop_as_large_as_its_frame_is_the_frame_or_its_mirror_image(frames: Frames, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gpu_signal_training.SCALE", (1.0, 1.0))
    schedule = Schedule(replace(RECIPE, steps=6, crop=(32, 48)), frames)
    found = [False, False]
    for step in range(6):
        images, labels = schedule.crops(torch.tensor([step]))
        for place, image, label in zip(schedule.order[step], images, labels, strict=True):
            mirrored = not torch.allclose(image, frames.images[place], atol=1e-4)
            truth, ids = frames.images[place], frames.labels[place, 0]
            if mirrored:
                truth, ids = truth.flip(-1), ids.flip(-1)
            torch.testing.assert_close(image, truth, rtol=0, atol=1e-3)
            assert torch.equal(label.float(), ids)
            found[mirrored] = True
    assert all(found)


def test_crops_follow_from_the_seed_and_the_step_alone(frames: Frames):
    short, long = Schedule(RECIPE, frames), Schedule(replace(RECIPE, steps=20), frames)
    for schedule in (short, long):
        schedule.draw(3)
    assert torch.equal(short.windows, long.windows[:8])
    assert torch.equal(short.order, long.order[:8])
    short.draw(4)
    assert not torch.equal(short.windows, long.windows[:8])


def test_intraclass_correlation_is_that_of_shrout_and_fleiss():
    judged = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    scores = np.array(judged, dtype=float)
    found = variance(scores)
    expected = stats.f_oneway(*scores)
    assert (found.f, found.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert found.icc == pytest.approx(0.1657, abs=5e-5)
    assert (found.low, found.high) == pytest.approx((-0.1329, 0.7226), abs=5e-5)


def test_rank_correlations_are_scipys_also_where_values_are_tied():
    rng = np.random.default_rng(0)
    x, y = rng.integers(6, size=(2, 4, 24)).astype(float)
    assert spearman(x, y) == pytest.approx([stats.spearmanr(a, b).statistic for a, b in zip(x, y, strict=True)])
    assert kendall(x, y) == pytest.approx([stats.kendalltau(a, b).statistic for a, b in zip(x, y, strict=True)])


def test_the_interval_of_a_correlation_holds_it_and_is_narrow_where_it_is_strong():
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, 1, 24))
    strong, weak = correlation(spearman, x, x + 0.2 * noise), correlation(spearman, x, x + 3 * noise)
    assert strong.low < strong.value < strong.high
    assert weak.low < weak.value < weak.high
    assert strong.high - strong.low < (weak.high - weak.low) / 2


def test_of_unfinished_trainings_the_most_that_are_balanced_count():
    scores = {"1": {"miou": 0.3, "pixel_accuracy": 0.8, "val_loss": None}}
    done = [(genotype, seed) for seed in range(3) for genotype in range(5) if seed < 2 or genotype < 3]
    found = balanced([{"genotype": genotype, "seed": seed, "scores": scores} for genotype, seed in done])
    assert found is not None
    assert (found.genotypes, found.seeds) == ([0, 1, 2, 3, 4], [0, 1])
    assert np.isnan(found.values["1", "val_loss"]).all()
    assert balanced([{"genotype": genotype, "seed": 0, "scores": scores} for genotype in range(5)]) is None
