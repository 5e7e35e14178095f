"""Memory that is freed is not asked for again, as long as that is wanted."""

import platform
import resource

import pytest
import torch

from nasframe import ExperimentError
from nasframe.experiment.run_options import RunOptions
from nasframe.run.device import keep_freed_memory, runtime, set_numerics

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told to keep memory")
SIZE = 128 * 2**20
PAGE = resource.getpagesize()


def handed_out():
    """Bytes that the system hands out while a large tensor is made and written to, after a larger one was freed."""
    torch.ones(2 * SIZE, dtype=torch.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(SIZE, dtype=torch.uint8)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * PAGE


def test_a_block_that_was_freed_is_used_again_and_given_back_in_the_end():
    with keep_freed_memory():
        assert handed_out() < SIZE / 10
    assert handed_out() > SIZE / 2


def test_a_run_on_a_cpu_keeps_what_it_frees():
    with set_numerics(RunOptions(threads=1), "cpu"):
        assert handed_out() < SIZE / 10


def test_half_precision_is_refused_on_a_cpu_with_what_works_there():
    with pytest.raises(ExperimentError, match=r"run\.precision is float16.*take float32"):
        runtime(RunOptions(device="cpu", precision="float16"), seed=0)
    assert runtime(RunOptions(device="cpu", precision="bfloat16"), seed=0).precision == "bfloat16"
