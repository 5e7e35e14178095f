"""The CPU kernels are torch's operations: forward, backward, second order, on odd sizes and any number of threads."""

import hashlib
import os
import subprocess
import sys

import pytest
import torch
from torch.library import opcheck

from nasframe_autodeeplab.kernels import building, depthwise, library, mixing, pooling
from nasframe_autodeeplab.space import AutoDeepLab
from nasframe_autodeeplab.stacked import convolutions, pools, sums
from nasframe_autodeeplab.stacked.sums import Summand

compiled = pytest.mark.skipif(library.kernels() is None, reason="the kernels are not compiled: no compiler, or off")
SIZES = [(1, 1), (1, 7), (3, 3), (6, 2), (17, 23), (4, 90)]
KINDS = {"3x3": (3, 1), "5x5": (5, 1), "3x3 rate 2": (3, 2), "5x5 rate 2": (5, 2)}


def tensor(*shape, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype, requires_grad=True)


def close(ours, theirs, tolerance=1e-12):
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape
        largest = 1.0 + float(other.detach().abs().sum())
        assert torch.allclose(one, other, rtol=tolerance, atol=tolerance * min(largest, 100.0))


def with_gradients(function, inputs):
    """The output and the gradients of all inputs for one fixed gradient of the output."""
    output = function()
    generator = torch.Generator().manual_seed(3)
    gradient = torch.randn(output.shape, generator=generator, dtype=torch.float64).to(output.dtype)
    return [output, *torch.autograd.grad(output, inputs, gradient)]


def depthwise_inputs(size, kinds, edges, shared, dtype=torch.float64):
    torch.manual_seed(0)
    shape = (2, 3, 2, *size) if shared else (len(kinds), edges, 2, 3, 2, *size)
    return (
        tensor(*shape, dtype=dtype),
        [tensor(edges, 2, 3, k, k, dtype=dtype) for k, _ in kinds],
        [r for _, r in kinds],
    )


@compiled
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_depthwise_convolutions_of_all_kinds_are_torchs(size, shared):
    values, weights, rates = depthwise_inputs(size, list(KINDS.values()), 2, shared)
    ours = with_gradients(lambda: depthwise.forward(values, weights, rates), [values, *weights])
    theirs = with_gradients(lambda: convolutions.relu_depthwise(values, weights, rates), [values, *weights])
    close(ours, theirs)


@compiled
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
def test_where_weights_want_no_gradient_that_of_the_values_is_the_same(shared):
    values, weights, rates = depthwise_inputs((17, 23), list(KINDS.values()), 2, shared)
    both = with_gradients(lambda: depthwise.forward(values, weights, rates), [values, *weights])
    still = [weight.detach() for weight in weights]
    alone = with_gradients(lambda: depthwise.forward(values, still, rates), [values])
    assert all(torch.equal(one, other) for one, other in zip(alone, both[:2], strict=True))


@compiled
@pytest.mark.parametrize("edges", [1, 3, 4, 5, 6, 11])
def test_depthwise_convolutions_for_any_number_of_edges_are_torchs(edges):
    values, weights, rates = depthwise_inputs((9, 13), [(3, 1), (5, 2)], edges, True)
    ours = with_gradients(lambda: depthwise.forward(values, weights, rates), [values, *weights])
    theirs = with_gradients(lambda: convolutions.relu_depthwise(values, weights, rates), [values, *weights])
    close(ours, theirs)


@compiled
def test_depthwise_convolutions_in_single_precision_are_torchs():
    values, weights, rates = depthwise_inputs((33, 41), list(KINDS.values()), 5, True, torch.float32)
    ours = with_gradients(lambda: depthwise.forward(values, weights, rates), [values, *weights])
    theirs = with_gradients(lambda: convolutions.relu_depthwise(values, weights, rates), [values, *weights])
    close(ours, theirs, 1e-5)


@compiled
@pytest.mark.parametrize(("kernel", "rate"), KINDS.values(), ids=KINDS)
def test_depthwise_gradients_are_numeric_ones_in_first_and_second_order(kernel, rate):
    values, weights, rates = depthwise_inputs((3, 4), [(kernel, rate)], 2, True)

    def function(values, weight):
        return depthwise.forward(values, [weight], rates)

    assert torch.autograd.gradcheck(function, (values, *weights), fast_mode=True)
    assert torch.autograd.gradgradcheck(function, (values, *weights), fast_mode=True)


@compiled
@pytest.mark.parametrize("wanted", [(True, True), (True, False), (False, True)], ids=["both", "mean", "maximum"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_pools_are_torchs(size, wanted):
    torch.manual_seed(0)
    values = tensor(2, 3, *size)
    ours = with_gradients(lambda: pooling.forward(values, *wanted)[0], [values])
    theirs = with_gradients(lambda: pools.pooled(values, *wanted), [values])
    close(ours, theirs)


@compiled
def test_of_equal_pixels_the_same_one_gets_the_maximums_gradient():
    values = torch.randint(0, 3, (2, 4, 9, 11)).double().requires_grad_()
    ours = with_gradients(lambda: pooling.forward(values, False, True)[0], [values])
    theirs = with_gradients(lambda: pools.pooled(values, False, True), [values])
    close(ours, theirs)


def summands(dtype=torch.float64, size=(5, 7), edges=3):
    """Own and shared values, normed and not, scales by edge and by channel."""
    torch.manual_seed(0)
    grid, rows = (2, edges, 2), (2, 3)
    return [
        Summand(tensor(*grid, *rows, 2, *size, dtype=dtype), tensor(*grid, dtype=dtype), True),
        Summand(tensor(*grid, *rows, 2, *size, dtype=dtype), tensor(*grid, *rows, dtype=dtype), True),
        Summand(tensor(2, 1, 2, *rows, 2, *size, dtype=dtype), tensor(*grid, dtype=dtype), True),
        Summand(tensor(2, 1, 2, *rows, 2, *size, dtype=dtype), tensor(*grid, *rows, dtype=dtype), True),
        Summand(tensor(2, 1, 2, *rows, 2, *size, dtype=dtype), tensor(*grid, dtype=dtype), False),
        Summand(tensor(*grid, *rows, 2, *size, dtype=dtype), tensor(*grid, *rows, dtype=dtype), False),
    ]


@compiled
@pytest.mark.parametrize("which", [[0], [1], [2, 0], [3], [4], [5], [0, 1, 2, 3, 4, 5]], ids=str)
@pytest.mark.parametrize("more", [True, False], ids=["added", "alone"])
def test_mixed_sums_are_torchs(which, more):
    chosen = [summands()[number] for number in which]
    bias, before = (tensor(3, 2, 3), tensor(3, 2, 3, 2, 5, 7)) if more else (None, None)
    inputs = [one.values for one in chosen] + [one.scale for one in chosen] + ([bias, before] if more else [])
    ours = with_gradients(lambda: mixing.mixed(chosen, 1e-5, bias, before)[0], inputs)
    theirs = with_gradients(lambda: sums.mixed(chosen, 1e-5, bias, before)[0], inputs)
    close(ours, theirs)
    close(mixing.mixed(chosen, 1e-5, bias, before)[1:], sums.mixed(chosen, 1e-5, bias, before)[1:])


@compiled
def test_mixed_sums_in_single_precision_are_torchs_even_far_from_zero():
    chosen = summands(torch.float32, size=(41, 61))
    with torch.no_grad():
        for one in chosen:
            one.values.add_(30.0)
    inputs = [one.values for one in chosen] + [one.scale for one in chosen]
    ours = with_gradients(lambda: mixing.mixed(chosen, 1e-5, None, None)[0], inputs)
    exact = [
        Summand(one.values.detach().double().requires_grad_(), one.scale.detach().double().requires_grad_(), one.normed)
        for one in chosen
    ]
    inputs = [one.values for one in exact] + [one.scale for one in exact]
    theirs = with_gradients(lambda: sums.mixed(exact, 1e-5, None, None)[0], inputs)
    close([one.double() for one in ours], theirs, 1e-4)


@compiled
def test_mixed_gradients_are_numeric_ones_in_first_and_second_order():
    chosen = [summands(size=(2, 2), edges=2)[number] for number in (0, 3)]

    def function(own, scale, shared, by_channel):
        return mixing.mixed([Summand(own, scale, True), Summand(shared, by_channel, True)], 1e-5, None, None)[0]

    inputs = (chosen[0].values[:1, :, :1, :1, :2], chosen[0].scale[:1, :, :1])
    inputs += (chosen[1].values[:1, :, :1, :1, :2], chosen[1].scale[:1, :, :1, :1, :2])
    inputs = tuple(one.detach().requires_grad_() for one in inputs)
    assert torch.autograd.gradcheck(function, inputs)
    assert torch.autograd.gradgradcheck(function, inputs)


@compiled
def test_torch_finds_nothing_wrong_with_the_operations():
    values, weights, rates = depthwise_inputs((5, 4), [(3, 1), (5, 2)], 2, True)
    opcheck(depthwise.forward, (values, weights, rates))
    opcheck(pooling.forward, (tensor(2, 4, 5), True, True))
    chosen = summands(size=(3, 4))
    opcheck(
        mixing.forward,
        (
            [one.values for one in chosen],
            [one.scale for one in chosen],
            [one.normed for one in chosen],
            1e-5,
            None,
            None,
        ),
    )


@compiled
def test_results_do_not_depend_on_the_number_of_threads():
    results = []
    values, weights, rates = depthwise_inputs((17, 23), list(KINDS.values()), 5, True, torch.float32)
    chosen = summands(torch.float32)
    inputs = [one.values for one in chosen] + [one.scale for one in chosen]
    before = torch.get_num_threads()
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            results.append(
                with_gradients(lambda: depthwise.forward(values, weights, rates), [values, *weights])
                + with_gradients(lambda: pooling.forward(values, True, True)[0], [values])
                + with_gradients(lambda: mixing.mixed(chosen, 1e-5, None, None)[0], inputs)
            )
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(one, two) for one, two in zip(results[0], other, strict=True))


def test_what_the_kernels_cannot_do_torch_does():
    values, weights, rates = depthwise_inputs((5, 5), [(7, 1)], 2, True)
    assert torch.equal(
        depthwise.relu_depthwise(values, weights, rates), convolutions.relu_depthwise(values, weights, rates)
    )
    assert not library.usable(values.half())
    assert not library.usable(values, values.float())
    assert not library.usable(values.to("meta"))


def switched(**environment):
    """What a new process says of its kernels."""
    program = (
        "import logging; logging.basicConfig(level='INFO', format='%(message)s');"
        "from nasframe_autodeeplab.kernels.library import kernels; print(kernels() is not None)"
    )
    return subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )


def test_a_variable_switches_the_kernels_off_and_the_log_says_so():
    result = switched(NASFRAME_NO_KERNELS="1")
    assert result.stdout == "False\n"
    assert "NASFRAME_NO_KERNELS" in result.stderr


@pytest.mark.parametrize("compiler", ["no-such-compiler", "false"])
def test_without_a_compiler_torch_serves_and_the_log_says_why(compiler, monkeypatch, caplog, tmp_path):
    monkeypatch.setenv("CXX", compiler)
    monkeypatch.setenv("NASFRAME_CACHE", str(tmp_path))
    monkeypatch.delenv("NASFRAME_NO_KERNELS", raising=False)
    library.loaded.cache_clear()
    try:
        with caplog.at_level("WARNING"):
            assert library.kernels() is None
        values, weights, rates = depthwise_inputs((5, 5), [(3, 1)], 2, True)
        assert depthwise.relu_depthwise(values, weights, rates).shape == (1, 2, 2, 3, 2, 5, 5)
        assert compiler in caplog.text
        assert compiler in AutoDeepLab().computed_by("cpu")["CPU kernels"]
        assert AutoDeepLab().computed_by("cuda") == {}
    finally:
        library.loaded.cache_clear()


def test_a_cache_that_cannot_be_written_is_reported(monkeypatch, tmp_path):
    blocked = tmp_path / "a file"
    blocked.write_text("")
    monkeypatch.setenv("NASFRAME_CACHE", str(blocked))
    monkeypatch.setenv("CXX", sys.executable)  # says its version, so it passes for a compiler
    with pytest.raises(building.BuildError, match="cannot be written"):
        building.library()


@pytest.fixture
def quick_build(monkeypatch, tmp_path):
    """A function that builds into a folder, where the compiler writes a few bytes; returns the kernels' file."""
    compiler = tmp_path / "compiler with a space"
    compiler.write_text('#!/bin/sh\necho called >> calls\nfor last; do :; done; echo compiled $1 > "$last"\n')
    compiler.chmod(0o755)
    monkeypatch.setenv("NASFRAME_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CXX", f"'{compiler}' -m64")
    monkeypatch.chdir(tmp_path)

    def build():
        (tmp_path / "calls").write_text("")
        return building.library()

    build.called = lambda: (tmp_path / "calls").read_text().count("called") > 1
    return build


def test_a_compiler_may_have_arguments_and_what_it_built_is_kept(quick_build):
    built = quick_build()
    assert quick_build.called() and built.read_text() == "compiled -m64\n"
    assert quick_build() == built and not quick_build.called()
    assert built.stat().st_mode & 0o077 == 0 and built.parent.stat().st_mode & 0o077 == 0
    assert hashlib.sha256(built.read_bytes()).hexdigest() in built.name


def test_a_compiler_that_is_no_command_is_reported(monkeypatch):
    monkeypatch.setenv("CXX", "g++ '-m64")
    with pytest.raises(building.BuildError, match="which is no command"):
        building.library()


@pytest.mark.parametrize(
    "harm",
    [
        lambda built: os.truncate(built, 3),
        lambda built: built.write_text("something else"),
        lambda built: built.chmod(0o722),
        lambda built: built.symlink_to(built.rename(built.with_name("moved"))),
    ],
    ids=["cut", "changed", "writable by others", "a link"],
)
def test_a_built_file_that_was_changed_or_may_have_been_is_built_anew(quick_build, harm):
    built = quick_build()
    content = built.read_bytes()
    harm(built)
    quick_build()
    assert quick_build.called()
    assert built.read_bytes() == content and not built.is_symlink() and built.stat().st_mode & 0o022 == 0
    quick_build()
    assert not quick_build.called()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_what_another_user_built_or_could_build_is_not_loaded(quick_build):
    built = quick_build()
    os.chown(built, 12345, 12345)
    assert quick_build() == built and built.stat().st_uid == 0
    os.chown(built.parent, 12345, 12345)
    with pytest.raises(building.BuildError, match="belongs to another user"):
        quick_build()


def test_a_folder_of_ones_own_that_others_could_write_in_is_shut(quick_build):
    folder = quick_build().parent
    folder.chmod(0o777)
    quick_build()
    assert folder.stat().st_mode & 0o022 == 0
