"""Networks as files for other programs, and batch norms folded into convolutions."""

import json
import math

import pytest
import torch
from torch import nn

from nasframe import NasframeError, RunError, Task
from nasframe.genotype import GenotypeRecord
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe.trained import export as exporting
from nasframe.trained.export import (
    difference,
    onnx_model,
    relative_difference,
    require,
    require_sound,
    traced,
    write_onnx,
    write_program,
)
from nasframe.trained.folding import fold_batch_norm
from nasframe.trained.model_card import card, markdown, write_card

ODD = [(1, 3, 5, 9), (3, 3, 16, 7)]


class Net(nn.Module):
    """Convolutions with every neighbour that a batch norm may have."""

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6, eps=1e-3), nn.ReLU())
        self.grouped = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1, groups=6), nn.BatchNorm2d(6, affine=False))
        self.pooled = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.BatchNorm2d(6))
        self.last = nn.Conv2d(6, 2, 1)

    def forward(self, images):
        return self.last(self.pooled(self.grouped(self.first(images))))


def net(kind=Net):
    torch.manual_seed(0)
    made = kind()
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            if module.affine:
                nn.init.normal_(module.weight)
                nn.init.normal_(module.bias)
    return made.eval()


class TestFolding:
    def test_a_folded_network_computes_the_same(self):
        before = net()
        folded = fold_batch_norm(before)
        images = torch.randn(2, 3, 9, 11)
        with torch.no_grad():
            expected, found = before(images), folded.network(images)
        assert float((found - expected).abs().max() / expected.abs().max()) < 1e-5
        assert (folded.folded, folded.left) == (2, ("pooled.1",))

    def test_the_network_itself_stays_as_it_is(self):
        network = net()
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        fold_batch_norm(network)
        assert before.keys() == network.state_dict().keys()
        assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())

    def test_a_convolution_that_is_used_twice_keeps_its_batch_norm(self):
        shared = nn.Conv2d(3, 3, 1)
        network = nn.Sequential(nn.Sequential(shared, nn.BatchNorm2d(3)), shared)
        assert fold_batch_norm(network.eval()).folded == 0


class TestPrograms:
    def test_a_program_takes_other_batches_and_sizes(self, tmp_path):
        write_program(traced(net(), 3), tmp_path / "net.pt2")
        loaded = torch.export.load(tmp_path / "net.pt2").module()
        for shape in ODD:
            images = torch.randn(shape)
            with torch.no_grad():
                assert torch.equal(loaded(images), net()(images))

    def test_a_network_that_asks_for_its_input_s_size_is_refused_with_the_way_out(self):
        class Asks(nn.Module):
            def forward(self, images):
                return images * 2 if images.shape[-1] > 64 else images

        with pytest.raises(RunError, match=r"cannot be traced for images of every size: .*--size HxW"):
            traced(Asks(), 3)
        assert traced(Asks(), 3, (65, 65)).module()(torch.ones(1, 3, 65, 65)).max() == 2


class TestOnnx:
    @pytest.fixture(autouse=True)
    def _installed(self):
        for package in ("onnx", "onnxscript", "onnxruntime"):
            pytest.importorskip(package, reason=f"{package} comes with the extra 'onnx'")

    def test_a_file_computes_the_same_in_onnxruntime_at_other_batches_and_sizes(self, tmp_path):
        file = tmp_path / "net.onnx"
        write_onnx(traced(net(), 3), file, {"maker": "me"})
        assert difference(file, net(), ODD) < 1e-5
        import onnx

        model = onnx.load(file)
        (image,) = model.graph.input
        assert [dim.dim_param or dim.dim_value for dim in image.type.tensor_type.shape.dim] == [
            "batch",
            3,
            "height",
            "width",
        ]
        assert {(entry.key, entry.value) for entry in model.metadata_props} >= {("maker", "me")}

    def test_a_model_in_onnxruntime_is_measured_like_any_other(self, tmp_path):
        space, evaluator = TinySpace(), TinyEvaluator()
        from nasframe.genotype import sample

        torch.manual_seed(0)
        network = space.build(sample(space, __import__("numpy").random.default_rng(0)), evaluator.task).eval()
        write_onnx(traced(network, 3), tmp_path / "tiny.onnx")
        assert evaluator.measure(onnx_model(tmp_path / "tiny.onnx")) == evaluator.measure(network)

    def test_what_is_no_onnx_file_is_said_to_be_none(self, tmp_path):
        (tmp_path / "no.onnx").write_text("no")
        with pytest.raises(RunError, match=r"onnxruntime cannot read .*no\.onnx"):
            onnx_model(tmp_path / "no.onnx")


def test_a_missing_package_is_named_with_the_way_to_install_it(monkeypatch):
    def missing(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(exporting.importlib, "import_module", missing)
    with pytest.raises(NasframeError, match=r"'onnx' is not installed .*pip install 'nasframe\[onnx\]'"):
        require("onnx")


def test_differences_are_relative_to_the_largest_value_but_never_enlarged():
    assert relative_difference(torch.tensor([10.0, 0.0]), torch.tensor([10.0, 1.0])) == pytest.approx(0.1)
    assert relative_difference(torch.tensor([0.0]), torch.tensor([0.01])) == pytest.approx(0.01)


class TestCard:
    @pytest.fixture
    def facts(self, tmp_path):
        folder = tmp_path / "run"
        (folder / "retrain").mkdir(parents=True)
        files = {
            "retrain/evaluator.json": {"classes": ["road", "sky"], "mean": [0.5], "std": [0.25], "frames": ["x"] * 99},
            "retrain/metrics.json": {"score": 0.5, "metrics": {"miou": 0.5}},
            "retrain/cost.json": {"params": 1234567, "macs": 10},
            "environment.json": {"torch": "2", "plugins": [{"distribution": "d", "version": "1"}]},
        }
        for name, data in files.items():
            (folder / name).write_text(json.dumps(data))
        space = TinySpace()
        from nasframe.genotype import sample

        genotype = sample(space, __import__("numpy").random.default_rng(0))
        return card(folder, GenotypeRecord(genotype, {"layers": 2}, "a search"), Task(3, 2, (8, 8)), 4)

    def test_it_says_how_to_make_the_input_and_what_the_output_means(self, facts):
        assert (facts["input"]["mean"], facts["input"]["std"]) == ([0.5], [0.25])
        assert facts["output"]["classes"] == ["road", "sky"]
        assert facts["scores"] == {"score": 0.5, "miou": 0.5}
        assert facts["seed"] == 4
        assert "frames" not in facts["data"]

    def test_it_is_written_as_json_and_as_markdown(self, facts, tmp_path):
        write_card(facts, tmp_path / "net.onnx")
        assert json.loads((tmp_path / "net.json").read_text()) == facts
        text = (tmp_path / "net.md").read_text()
        assert text == markdown(facts)
        assert "| params | 1,234,567 |" in text
        assert "| plugins | distribution: d; version: 1 |" in text


class TestNotFinite:
    def test_a_network_that_says_nan_is_refused_before_anything_is_written(self):
        network = net()
        torch.nn.init.constant_(network.last.bias, math.nan)
        with pytest.raises(RunError, match=r"says of a random image of 5x9 pixels is not finite.*in last\.bias\."):
            require_sound(network, ODD[0])

    def test_a_file_that_says_nan_has_no_difference(self, tmp_path, monkeypatch):
        monkeypatch.setattr(exporting, "onnx_model", lambda path: lambda images: net()(images) * math.nan)
        with pytest.raises(RunError, match="says of a random image of 5x9 pixels is not finite"):
            difference(tmp_path / "x.onnx", net(), ODD)
