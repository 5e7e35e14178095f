"""The networks of NAS-Bench-Macro, as its authors' code builds them: no ReLU6, no squeeze-and-excitation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from torch import Tensor, nn
from typing_extensions import override

from nasframe import Task

EXPANSION_AND_KERNEL = {"mb3_k3": (3, 3), "mb6_k5": (6, 5)}


def network(stages: Sequence[Sequence[str]], task: Task, filters: int, head: int) -> nn.Module:
    """Images (N, C, H, W) -> logits (N, classes).

    Args:
        stages: the layers of each stage, by name.
        filters: channels of the stem; each stage doubles them and halves the resolution.
        head: channels before the classifier.
    """
    layers: list[nn.Module] = [*_conv_norm(task.in_channels, filters, 3), nn.ReLU()]
    for stage in stages:
        layers.append(_layer(stage[0], filters, 2 * filters, stride=2))
        filters *= 2
        layers += [_layer(name, filters, filters, stride=1) for name in stage[1:]]
    layers += [*_conv_norm(filters, head), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(head, task.num_classes))


@final
class InvertedResidual(nn.Module):
    """Expand, filter each channel, project (MobileNetV2); with a shortcut where the shape stays."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int, kernel: int) -> None:
        super().__init__()
        inner = expansion * inputs
        self.shortcut = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(
            *_conv_norm(inputs, inner),
            nn.ReLU(),
            *_conv_norm(inner, inner, kernel, stride, groups=inner),
            nn.ReLU(),
            *_conv_norm(inner, outputs),
        )

    @override
    def forward(self, inputs: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H / stride, W / stride)."""
        outputs: Tensor = self.layers(inputs)
        return inputs + outputs if self.shortcut else outputs


def _layer(name: str, inputs: int, outputs: int, stride: int) -> nn.Module:
    if name in EXPANSION_AND_KERNEL:
        return InvertedResidual(inputs, outputs, stride, *EXPANSION_AND_KERNEL[name])
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(*_conv_norm(inputs, outputs, stride=stride))


def _conv_norm(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(outputs)]
