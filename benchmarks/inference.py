"""How fast is a derived network in its faster forms?

    python benchmarks/inference.py
    python benchmarks/inference.py --size 257x513 --filters 8 --compile

The network is that of a published or a saved genotype, by default Auto-DeepLab-S (20 filters), with random weights, at
batch 1 in eval mode. Its forms are those that the options of ``nasframe evaluate`` choose, run in turns.
The share of the peak is twice the multiply-adds a second over what a large product of matrices reaches.
"""

from __future__ import annotations

from functools import partial

import history
import torch
from timing import interleaved, limits, machine, parser
from torch import nn

from nasframe.cli.genotypes import find_genotype
from nasframe.cost import counting
from nasframe.files.words import quantity
from nasframe.plugin.registry import Registry
from nasframe.space import Task
from nasframe.trained.speedups import Speedups

FORMS = {
    "eager": Speedups(),
    "batch norms folded": Speedups(fold_batch_norm=True),
    "channels last": Speedups(channels_last=True),
    "both": Speedups(fold_batch_norm=True, channels_last=True),
}
COMPILED = Speedups(fold_batch_norm=True, channels_last=True, compile=True)
CLASSES = 19


def main() -> None:
    """Print a table: seconds of a forward pass."""
    asked = parser(__doc__, rounds=5)
    asked.add_argument("--genotype", default="autodeeplab-s", help="a published name or a file (default: %(default)s)")
    asked.add_argument("--size", default="513x1025", metavar="HxW", help="of the image (default: %(default)s)")
    asked.add_argument("--filters", type=int, default=20, help="F of the space (default: %(default)s)")
    asked.add_argument("--compile", action="store_true", help="also both and compiled, which takes minutes")
    history.add_option(asked)
    chosen = asked.parse_args()
    torch.set_num_threads(chosen.threads)
    height, width = map(int, chosen.size.split("x"))
    task = Task(3, CLASSES, (height, width))
    genotype, space = find_genotype(Registry.discover(), chosen.genotype, [f"filters={chosen.filters}"])
    counted, best = counting.count(space, genotype, task), limits()
    network = with_statistics(space.build(genotype, task))
    forms = {**FORMS, "both, compiled": COMPILED} if chosen.compile else FORMS
    networks = {name: form.applied(network) for name, form in forms.items()}
    images = torch.randn(1, 3, height, width)
    costs = f"{quantity(counted.params, 'parameter')}, {quantity(counted.macs, 'multiply-add')}"
    print(f"{machine()}\n{best}\n{chosen.genotype}, F={chosen.filters}, {chosen.size}: {costs}\n")
    with torch.inference_mode():
        expected = network(images)
        errors = {name: difference(form(images), expected) for name, form in networks.items()}
        tasks = {name: partial(form, images) for name, form in networks.items()}
        found = interleaved(tasks, chosen.rounds, uncounted=2)
    case = f"inference/{chosen.genotype} F={chosen.filters} {chosen.size}"
    history.record(chosen, {f"{case}/{form}": seconds for form, seconds in found.items()}, "s")
    print("| form | seconds | speed-up | share of the peak | largest difference |\n| --- | ---: | ---: | ---: | ---: |")
    for name, seconds in found.items():
        share = 2 * counted.macs / seconds / best.gemm
        print(f"| {name} | {seconds:.3f} | {found['eager'] / seconds:.2f} | {100 * share:.0f} % | {errors[name]:.1e} |")


def with_statistics(network: nn.Module) -> nn.Module:
    """The network in eval mode, its batch norms as if they had seen data."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None and module.running_var is not None:
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return network.eval()


def difference(found: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest, in parts of the largest logit."""
    return float((found - expected).abs().max() / expected.abs().max())


if __name__ == "__main__":
    main()
