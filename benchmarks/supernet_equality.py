"""Is the stacked supernet the plain one? Largest differences in double precision over some updates of the weights.

    python benchmarks/supernet_equality.py
    python benchmarks/supernet_equality.py --reading paper --rounds 3

Both start from the same weights; alpha and beta are far from their initial values, which are all alike.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from supernets import Setting, setting_parser
from timing import machine
from torch import Tensor
from torch.nn import functional

from nasframe_autodeeplab.stacked.conversion import to_plain
from nasframe_autodeeplab.supernet import AutoDeepLabSupernet

FORMS = ("plain", "stacked")
SMALL = 1e-3
"""Tensors with smaller values are compared relative to this."""
Tensors = Mapping[str, Tensor]


def main() -> None:
    """Print the table."""
    asked = setting_parser(__doc__, rounds=2, layers=12, crop=65, filters=1)
    given = asked.parse_args()
    setting = Setting.of(given)
    print(f"{machine()}\n{setting}\n")
    print("| update | of | tensors | largest difference | relative to the tensor's largest value |")
    print("| --- | --- | ---: | ---: | ---: |")
    supernets = [prepared(setting, form) for form in FORMS]
    for update in range(1, given.rounds + 1):
        torch.manual_seed(update)
        images, labels = setting.data()
        plain, stacked = (step(supernet, form, images, labels) for supernet, form in zip(supernets, FORMS, strict=True))
        for kind in plain:
            print(f"| {update} | {kind} | {differences(plain[kind], stacked[kind])} |")


def prepared(setting: Setting, form: str) -> AutoDeepLabSupernet:
    """In double precision, with alpha and beta from a normal distribution."""
    supernet = setting.supernet(form).double()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in supernet.arch_parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return supernet


def step(supernet: AutoDeepLabSupernet, form: str, images: Tensor, labels: Tensor) -> dict[str, Tensors]:
    """One update by gradient descent; what is compared, under the plain names."""
    supernet.zero_grad()
    output = supernet(images.double())
    functional.cross_entropy(output, labels).backward()
    gradients = {}
    with torch.no_grad():
        for name, parameter in supernet.named_parameters():
            gradients[name] = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            parameter -= 0.01 * gradients[name]
    tensors: list[Tensors] = [gradients, supernet.state_dict()]
    if form == "stacked":
        tensors = [to_plain(supernet, one) for one in tensors]
    return {"output": {"logits": output.detach()}, "gradients": tensors[0], "state": tensors[1]}


def differences(plain: Tensors, stacked: Tensors) -> str:
    """Three cells."""
    names = [name for name in plain if not name.endswith("num_batches_tracked")]
    absolute = [float((plain[name] - stacked[name]).abs().max()) for name in names]
    scales = [max(float(plain[name].abs().max()), SMALL) for name in names]
    relative = max(one / scale for one, scale in zip(absolute, scales, strict=True))
    return f"{len(names)} | {max(absolute):.1e} | {relative:.1e}"


if __name__ == "__main__":
    main()
