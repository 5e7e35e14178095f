"""Networks with several supervised outputs, from check to prediction, on street scenes."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from supervised_spaces import WEIGHT, Headed, Listing, Stacked
from tiny_registry import tiny_registry

from nasframe import CapabilityError, Outputs, Runtime, Task
from nasframe.cli import main
from nasframe.cost import count
from nasframe.experiment.checking import load
from nasframe.genotype import sample
from nasframe.plan.probe import probe
from nasframe.run import run
from nasframe.run.problems import make_strategy, open_problems
from nasframe.runfolder.layout import RunLayout
from nasframe.testing.tiny import TinyEvaluator

EXPERIMENT = """
name: small
space: {type: SPACE}
evaluator:
  type: streets
  scenes: {train: 4, val: 2, cities: 2, height: 42, width: 70}
  crop: [32, 48]
  workers: 0
  training: {steps: 2, lr: 0.1}
strategy: STRATEGY
run: {device: cpu, pictures: 0}
"""
DARTS = "{type: darts, epochs: 2, warmup_epochs: 0, validate_epochs: 0}"
RANDOM = "{type: random, samples: 2}"


def registry():
    return tiny_registry(spaces=(Headed, Stacked, Listing))


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("NASFRAME_CACHE", str(tmp_path_factory.getbasetemp() / "streets"))


def written(folder, space, strategy=RANDOM):
    path = folder / f"{space}.yaml"
    path.write_text(EXPERIMENT.replace("SPACE", space).replace("STRATEGY", strategy))
    return path


def invoke(*words):
    return CliRunner().invoke(main, [*map(str, words)], obj=registry())


@pytest.fixture(scope="module", params=[("headed", DARTS), ("stacked", RANDOM)], ids=["headed", "stacked"])
def trained(request, tmp_path_factory):
    """The folder of a run that has searched and retrained."""
    space, strategy = request.param
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("NASFRAME_CACHE", str(tmp_path_factory.getbasetemp() / "streets"))
        folder = tmp_path_factory.mktemp(space)
        run(load(written(folder, space, strategy), registry=registry()), folder / "run", quiet=True)
    return folder / "run"


def test_a_run_searches_and_retrains_and_its_network_is_evaluated(trained):
    measured = json.loads(RunLayout(trained).metrics.read_text())
    found = invoke("evaluate", trained, "--format", "json", "--set", "run.device=cpu")
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["score"] == measured["score"]


def test_images_of_any_size_are_labelled_at_their_own_size(trained, tmp_path):
    (tmp_path / "images").mkdir()
    Image.fromarray(np.zeros((37, 51, 3), dtype=np.uint8)).save(tmp_path / "images" / "a.png")
    found = invoke("predict", trained, "--images", tmp_path / "images", "--output", tmp_path / "labels")
    assert found.exit_code == 0, found.output
    with Image.open(tmp_path / "labels" / "a_labelIds.png") as picture:
        assert picture.size == (51, 37)


def test_an_exported_program_returns_one_tensor_and_has_no_auxiliary_weights(trained, tmp_path):
    found = invoke("export", trained, "--torch-export", tmp_path / "net.pt2", "--size", "32x48")
    assert found.exit_code == 0, found.output
    program = torch.export.load(tmp_path / "net.pt2")
    assert tuple(program.module()(torch.zeros(1, 3, 32, 48)).shape) == (1, 19, 32, 48)
    assert not [name for name in program.state_dict if "auxiliary" in name]


@pytest.mark.parametrize(("space", "outputs"), [("headed", 1 + WEIGHT), ("stacked", 2.0)])
def test_the_loss_of_streets_and_the_tiny_evaluator_is_the_weighted_sum(tmp_path, space, outputs):
    with open_problems(load(written(tmp_path, space), registry=registry())) as problems:
        for evaluator in (problems.retrain.evaluator, TinyEvaluator(runtime=Runtime(seed=1))):
            batch = next(evaluator.batches("train"))
            classes = evaluator.task.num_classes
            logits = torch.randn(len(batch.inputs), classes, *batch.inputs.shape[2:])
            alone = evaluator.loss(lambda inputs, logits=logits: logits, batch)
            both = Outputs(logits, ((logits, outputs - 1),))
            several = evaluator.loss(lambda inputs, both=both: both, batch)
            torch.testing.assert_close(several, outputs * alone)


@pytest.mark.parametrize(("space", "phase"), [("headed", "retrain"), ("stacked", "search")])
def test_a_plan_measures_steps_of_several_outputs(tmp_path, space, phase):
    found = probe(load(written(tmp_path, space), registry=registry()), phase, 0.01)
    assert found.steps == 2 and all(seconds > 0 for seconds in found.seconds.values())


def genotype_file(folder, space):
    """A genotype of a space, as a file that commands take."""
    path = folder / "genotype.yaml"
    answer = sample(space, np.random.default_rng(0))["activation"]
    path.write_text(f"space: {space.name}\noptions: {{}}\ndecisions: {{activation: {answer}}}\n")
    return path


def test_the_cost_leaves_auxiliary_weights_out_unless_asked(tmp_path):
    path = genotype_file(tmp_path, Headed())
    words = ("cost", path, "--size", "32x48", "--classes", "5", "--format", "json")
    plain, whole = invoke(*words), invoke(*words, "--auxiliary")
    assert (plain.exit_code, whole.exit_code) == (0, 0), plain.output + whole.output
    own = (27 * 4 + 4) + 2 * 4 + (4 * 5 + 5)
    assert json.loads(plain.stdout)["params"] == own
    assert json.loads(whole.stdout)["params"] == own + (4 * 5 + 5)
    assert json.loads(plain.stdout)["macs"] == json.loads(whole.stdout)["macs"]
    assert "auxiliary ones too" in invoke(*words[:-2], "--auxiliary").stdout


def test_training_memory_counts_what_extra_outputs_keep(tmp_path):
    path = genotype_file(tmp_path, Headed())
    found = invoke("cost", path, "--size", "32x48", "--classes", "5", "--memory", "2", "--format", "json")
    assert found.exit_code == 0, found.output
    memory = json.loads(found.stdout)["memory"]
    output = 4 * 2 * 5 * 32 * 48
    assert memory["training"] > memory["activations"] > 2 * output


def test_heat_maps_at_a_quarter_of_the_size_are_counted_by_the_command_and_by_the_function(tmp_path):
    task = Task(in_channels=3, num_classes=16, size=(64, 48), stride=4)
    space = Stacked()
    places = 16 * 12
    macs = places * (48 * 4 + 2 * 4 * 16 + 16 * 4)
    assert count(space, sample(space, np.random.default_rng(0)), task).macs == macs
    path = genotype_file(tmp_path, space)
    words = ("cost", path, "--size", "64x48", "--classes", "16", "--stride", "4")
    found = json.loads(invoke(*words, "--memory", "2", "--format", "json").stdout)
    assert (found["macs"], found["stride"]) == (macs, 4)
    assert "4 pixels to one of the output" in invoke(*words).stdout


@pytest.mark.parametrize("order", ["first", "second"])
def test_a_bilevel_search_differentiates_through_all_outputs(tmp_path, order):
    path = tmp_path / "exp.yaml"
    path.write_text(
        "name: x\nspace: {type: headed}\nevaluator: {type: tiny-pixels}\nrun: {device: cpu}\n"
        f"strategy: {{type: darts, epochs: 1, warmup_epochs: 0, validate_epochs: 0, order: {order}}}\n"
    )
    experiment = load(path, registry=registry())
    with open_problems(experiment) as problems:
        torch.manual_seed(0)
        search = make_strategy(experiment.strategy, problems.search)
        head = search.supernet.network.auxiliary.weight
        before = (search.supernet.alpha.detach().clone(), head.detach().clone())
        search.step(0, np.random.default_rng(0))
    assert not torch.equal(before[0], search.supernet.alpha) and not torch.equal(before[1], head)


def test_a_network_that_returns_a_list_is_refused_when_a_plan_or_a_run_begins(tmp_path):
    path = written(tmp_path, "listing")
    with pytest.raises(CapabilityError) as caught, open_problems(load(path, registry=registry())):
        pass
    for said in ("space 'listing' in training mode returned a list of 2", "expected a tensor", "nasframe.Outputs"):
        assert said in str(caught.value)


def test_the_memory_of_a_network_that_returns_a_list_is_refused_by_name(tmp_path):
    path = genotype_file(tmp_path, Listing())
    found = invoke("cost", path, "--size", "32x48", "--classes", "5", "--memory", "2")
    assert found.exit_code == 2 and "space 'listing': the network returned a list of 2" in found.stderr


def test_a_crop_that_a_space_does_not_take_is_refused_by_check_with_those_that_fit(tmp_path):
    path = written(tmp_path, "stacked")
    found = invoke("check", path, "--set", "evaluator.crop=[33, 48]")
    assert found.exit_code == 2
    for said in ("a training crop is 33x48", "'stacked' take sides of 4·n pixels", "32x48 or 36x48 would fit"):
        assert said in found.stderr


def test_an_export_and_a_cost_at_a_size_that_a_space_does_not_take_are_refused(trained, tmp_path):
    if "stacked" not in str(trained):
        pytest.skip("the other space takes any")
    for words, said in ((("--size", "32x50"), "32x48 or 32x52 would fit"), ((), "fix one by --size HxW")):
        found = invoke("export", trained, "--torch-export", tmp_path / "net.pt2", *words)
        assert found.exit_code == 2 and said in found.stderr, found.output
    found = invoke("cost", genotype_file(tmp_path, Stacked()), "--size", "32x50", "--classes", "5")
    assert found.exit_code == 2 and "32x48 or 32x52 would fit" in found.stderr


def test_the_memory_of_a_supernet_with_several_outputs_is_predicted():
    words = ("supernet", "headed", "--classes", "5", "--batch", "2", "--format", "json")
    small, large = (invoke(*words, "--size", size) for size in ("16x16", "32x32"))
    assert (small.exit_code, large.exit_code) == (0, 0), small.output + large.output
    kept = [json.loads(found.stdout)["memory"]["activations"] for found in (small, large)]
    assert kept[1] > kept[0] > 2 * (4 * 2 * 5 * 16 * 16)


def test_an_image_that_nobody_pads_is_refused_with_the_sizes_that_fit(tmp_path):
    path = tmp_path / "exp.yaml"
    path.write_text(
        "name: x\nspace: {type: stacked}\nevaluator: {type: tiny-pixels, size: 10}\n"
        "strategy: {type: random, samples: 1}\nrun: {device: cpu}\n"
    )
    with pytest.raises(CapabilityError, match=r"an image of the data is 10x10.*8x8 or 12x12 would fit"):
        with open_problems(load(path, registry=registry())):
            pass


def test_whole_frames_are_padded_and_their_size_is_the_tasks(tmp_path):
    with open_problems(load(written(tmp_path, "stacked"), registry=registry())) as problems:
        evaluator = problems.retrain.evaluator
    assert evaluator.task.size == (44, 72)
    assert any("whole frames are padded to 44x72 pixels" in remark for remark in evaluator.remarks())
