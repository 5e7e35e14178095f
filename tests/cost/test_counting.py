"""Parameters and multiply-adds are counted exactly, without computing anything."""

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from torch import nn

from nasframe import Genotype, GenotypeError, GenotypeRecord, SearchSpace, Task
from nasframe.cli import main
from nasframe.cost.counting import Cost, count, counted, layers
from nasframe.files import genotypes
from nasframe.plugin.registry import Plugin, Registry

TINY = Path(__file__).parents[1] / "data" / "tiny_plugin"


class Mixed(nn.Module):
    """Convolutions of every kind, a shared linear layer, products of matrices that do not count."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.grouped = nn.Conv2d(8, 8, 3, padding=4, dilation=4, groups=4, bias=False)
        self.up = nn.ConvTranspose2d(8, 8, 2, stride=2)
        self.norm = nn.BatchNorm2d(8)
        self.linear = nn.Linear(8, 8, bias=False)
        self.frozen = nn.Parameter(torch.ones(5), requires_grad=False)

    def forward(self, x):
        x = self.norm(self.up(self.grouped(self.stem(x))))
        tokens = x.flatten(2).transpose(1, 2)
        tokens = self.linear(self.linear(tokens))
        attention = torch.softmax(tokens @ tokens.transpose(1, 2), -1)
        pooled = torch.einsum("nij,njc->nc", attention, tokens) + torch.ones(1, device=x.device)
        return self.linear(pooled)


class OneNetwork(SearchSpace):
    name = "one"

    def decide(self, choose):
        pass

    def build(self, genotype, task):
        return Mixed()

    def graph(self, genotype=None):
        raise NotImplementedError


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(TINY)
    monkeypatch.chdir(tmp_path)
    import nasframe_tiny

    registry = Registry([Plugin("tiny", "nasframe-tiny", "1.0", lambda: nasframe_tiny)])

    def invoke(*arguments):
        return CliRunner().invoke(main, ["cost", *arguments, "--size", "16x32", "--classes", "5"], obj=registry)

    return invoke


def hooked_multiply_adds(network, inputs):
    total = 0

    def note(module, _, output):
        nonlocal total
        if isinstance(module, nn.Linear):
            total += output.numel() * module.in_features
        elif isinstance(module, nn.ConvTranspose2d):
            total += _[0].numel() * module.weight[0].numel()
        else:
            total += output.numel() * module.weight[0].numel()

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            module.register_forward_hook(note)
    network.eval()(inputs)
    return total


def test_convolutions_and_linear_layers_count_and_nothing_else():
    cost = count(OneNetwork(), Genotype("one", ()), Task(3, 8, (8, 12)))
    expected = hooked_multiply_adds(Mixed(), torch.zeros(1, 3, 8, 12))
    stem, grouped, up = 4 * 6 * 8 * 27, 4 * 6 * 8 * 18, 8 * 12 * 8 * 8
    linear = (96 + 96 + 1) * 64
    assert cost.macs == expected == stem + grouped + up + linear


def test_only_trainable_parameters_count():
    cost = count(OneNetwork(), Genotype("one", ()), Task(3, 8, (8, 12)))
    assert cost.params == (27 * 8 + 8) + 18 * 8 + (8 * 8 * 4 + 8) + 16 + 64
    assert (cost.size, cost.classes) == ((8, 12), 8)


def test_counting_draws_no_random_numbers_and_makes_no_tensor_with_data():
    state = torch.get_rng_state()
    huge = count(OneNetwork(), Genotype("one", ()), Task(3, 8, (64, 64)))
    assert isinstance(huge, Cost)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_size_that_the_network_cannot_take_is_an_error():
    with pytest.raises(GenotypeError, match=r"space 'one' cannot take an input of 4x8x8 \(channels, height, width\)"):
        count(OneNetwork(), Genotype("one", ()), Task(4, 8, (8, 8)))


@pytest.mark.parametrize(
    ("build", "params"),
    [(nn.Identity, 0), (nn.ReLU, 0), (lambda: nn.MaxPool2d(2), 0), (lambda: nn.BatchNorm2d(3), 6), (nn.Sequential, 0)],
    ids=["identity", "relu", "pooling", "norm", "nothing"],
)
def test_a_part_without_products_has_no_multiply_adds(build, params):
    assert counted(build, (1, 3, 8, 8)) == {"params": params, "macs": 0}


def test_a_count_is_the_sum_of_its_layers_of_every_depth():
    task = Task(3, 8, (8, 12))
    cost = count(OneNetwork(), Genotype("one", ()), task)
    for depth in (None, 1, 0):
        found = layers(OneNetwork(), Genotype("one", ()), task, depth)
        assert sum(layer.params for layer in found) == cost.params
        assert sum(layer.conv_linear for layer in found) == cost.macs


def test_parameters_that_two_layers_share_count_once():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
            self.two.weight = self.one.weight

        def forward(self, x):
            return self.two(self.one(x))

    assert counted(Tied, (1, 4)) == {"params": 16, "macs": 32}


def test_counting_under_inference_mode_gives_the_same_numbers():
    with torch.inference_mode():
        inside = counted(Mixed, (1, 3, 8, 12))
    assert inside == counted(Mixed, (1, 3, 8, 12))
    assert inside["macs"] > 0


def test_the_command_counts_a_named_genotype(invoke):
    result = invoke("hard-best", "--format", "json")
    assert result.exit_code == 0, result.stderr
    pixels = 16 * 32
    assert json.loads(result.stdout) == {
        "genotype": "hard-best",
        "space": "hard",
        "params": (27 * 6 + 6) + 6 * 27 + (6 * 5 + 5),
        "macs": pixels * (27 * 6 + 6 * 27 + 6 * 5),
        "convention": "conv_linear",
        "size": [16, 32],
        "classes": 5,
    }
    assert "365 trainable parameters" in invoke("hard-best").stdout


def test_overrides_reach_the_options_of_the_space(invoke):
    plain = json.loads(invoke("hard-best", "--set", "filters=8", "--format", "json").stdout)
    assert plain["params"] == (27 * 8 + 8) + 8 * 36 + (8 * 5 + 5)
    assert json.loads(invoke("hard-best", "--set", "space.filters=8", "--format", "json").stdout) == plain
    one = json.loads(invoke("hard-best", "--channels", "1", "--format", "json").stdout)
    assert one["params"] == (9 * 6 + 6) + 6 * 27 + (6 * 5 + 5)


def test_the_latency_of_a_faster_form_says_which(invoke):
    options = ("--latency", "--threads", "1", "--fold-batch-norm", "--channels-last")
    found = json.loads(invoke("hard-best", *options, "--format", "json").stdout)["latency"]
    assert found["median"] > 0 and found["speedups"] == ["fold batch norm", "channels last"]
    assert "1 thread, cpu, fold batch norm," in invoke("hard-best", *options).stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["hard-best", "--set", "filter=8"], "options.filter: unknown key 'filter'; did you mean 'filters'?"),
        (["hard-best", "--set", "filters=x"], "--set filters=x: options.filters: found 'x', expected a valid integer"),
        (["hard-best", "--set", "layers=3"], "hard-best: the genotype has no answer to the decision 'layer2'"),
        (["hard-bset"], "did you mean 'hard-best'? (installed: hard-best); nor is there a file of that name"),
        (["hard-best", "--channels-last"], "without --latency nothing is run that could be faster by channels last"),
        (["hard-best", "--size", "16"], "expected HEIGHTxWIDTH"),
    ],
)
def test_wrong_arguments_are_explained(invoke, arguments, words):
    result = invoke(*arguments) if "--size" not in arguments else CliRunner().invoke(main, ["cost", *arguments])
    assert result.exit_code == 2
    assert words in result.stderr


def test_a_genotype_file_is_written_and_read_back(invoke, tmp_path):
    record = GenotypeRecord(
        Genotype("hard", (("layer0", "conv"), ("layer1", "linear"))), {"filters": 6, "rates": [1]}, "a run"
    )
    path = tmp_path / "deep" / "g.yaml"
    genotypes.write(path, record, {"plugins": {"nasframe-tiny": "1.0"}})
    assert genotypes.read(path) == record
    assert [file.name for file in path.parent.iterdir()] == ["g.yaml"]
    result = invoke(str(path), "--format", "json")
    assert json.loads(result.stdout)["params"] == 365


def test_answers_of_every_kind_survive_a_genotype_file(tmp_path):
    decisions = (("a/b", (1, ("x", "y"))), ("c", 1e-7), ("d", "1e-3"), ("no", True), ("e", "${HOME}"), ("f", "no"))
    record = GenotypeRecord(Genotype("s", decisions))
    genotypes.write(tmp_path / "g.yaml", record)
    assert genotypes.read(tmp_path / "g.yaml") == record


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ["g.yaml:1:1: found null, expected the keys of a genotype: space, options, decisions"]),
        (
            "space: 3\noptions: []\ndecisions: {a: {b: 1}, c: null}",
            [
                "g.yaml:1:8: space: found 3, expected the name of a space",
                "g.yaml:2:10: options: found [], expected a mapping",
                'g.yaml:3:16: decisions.a: found {"b": 1}, expected a word, a number or a list of them',
                "g.yaml:3:27: decisions.c: found null, expected a word, a number or a list of them",
            ],
        ),
        ("options: {}", ["g.yaml:1:1: space: missing", "g.yaml:1:1: decisions: missing"]),
        ("space: [", ["g.yaml:1:9: not valid YAML"]),
    ],
)
def test_a_wrong_genotype_file_is_refused_with_places(invoke, text, lines):
    Path("g.yaml").write_text(text)
    with pytest.raises(GenotypeError) as caught:
        genotypes.read("g.yaml")
    found = [line.strip() for line in str(caught.value).splitlines() if "problems:" not in line]
    assert len(found) == len(lines)
    assert all(line.startswith(expected) for line, expected in zip(found, lines, strict=True)), found


def test_wrong_options_in_a_genotype_file_have_their_place(invoke):
    Path("g.yaml").write_text("space: hard\ndecisions: {layer0: conv, layer1: conv}\noptions:\n  filters: 0\n")
    assert "g.yaml:4:12: options.filters: found 0, expected greater" in invoke("g.yaml").stderr
