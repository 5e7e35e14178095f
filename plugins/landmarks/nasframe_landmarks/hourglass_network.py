"""The layers of stacked hourglasses, as in the authors' code (github.com/princeton-vl/pose-hg-train, ``hg.lua``)."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from nasframe import Task
from nasframe.outputs import Outputs
from nasframe_landmarks.layers import AtTaskSize, conv, followed, preceded
from nasframe_landmarks.options import HourglassOptions


@final
class StackedHourglasses(nn.Module):
    """Images (N, C, H, W) -> in training the outputs of all hourglasses, the last one first; else the last one's.

    Each hourglass predicts at stride 4: heat maps, for a task of that stride; for labels of pixels they are logits
    that are enlarged. H and W are multiples of 4 times what an hourglass divides by.
    """

    def __init__(self, stacks: int, options: HourglassOptions, task: Task) -> None:
        super().__init__()
        channels, first = options.at_width(options.channels), options.at_width(options.channels // 4)
        self.stem = nn.Sequential(
            followed(nn.Conv2d(task.in_channels, first, 7, 2, 3)),
            ResidualUnit(first, 2 * first),
            nn.MaxPool2d(2),
            ResidualUnit(2 * first, 2 * first),
            ResidualUnit(2 * first, channels),
        )
        self.stacks = nn.ModuleList(
            Stack(channels, options.depth, task.num_classes, last=number == stacks - 1) for number in range(stacks)
        )
        self.stack_weight = options.stack_weight
        self.fit = AtTaskSize(task)

    @override
    def forward(self, images: Tensor) -> Tensor | Outputs:
        """(N, C, H, W) -> (N, classes, H / stride, W / stride), in training several."""
        features = self.stem(images)
        found: list[Tensor] = []
        for stack in self.stacks:
            features, output = stack(features)
            if self.training or stack.last:
                found.append(self.fit(output, images))
        *earlier, main = found
        return Outputs(main, tuple((output, self.stack_weight) for output in earlier)) if earlier else main


@final
class Stack(nn.Module):
    """An hourglass with its output, and the way on to the next one."""

    def __init__(self, channels: int, depth: int, outputs: int, *, last: bool) -> None:
        super().__init__()
        self.last = last
        self.hourglass = HourglassModule(channels, depth)
        self.after = nn.Sequential(ResidualUnit(channels, channels), followed(conv(channels, channels, 1)))
        self.predict = conv(channels, outputs, 1)
        self.pass_on = None if last else conv(channels, channels, 1)
        self.map_back = None if last else conv(outputs, channels, 1)

    @override
    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, h, w) -> what the next one gets, of the same shape, and this one's output, (N, outputs, h, w)."""
        found = self.after(self.hourglass(features))
        output: Tensor = self.predict(found)
        if self.pass_on is None or self.map_back is None:
            return features, output
        return features + self.pass_on(found) + self.map_back(output), output


@final
class HourglassModule(nn.Module):
    """Features, plus what comes back from half the resolution, where it is an hourglass again (section 3.1)."""

    def __init__(self, channels: int, depth: int) -> None:
        super().__init__()
        self.upper = ResidualUnit(channels, channels)
        self.lower = nn.Sequential(
            nn.MaxPool2d(2),
            ResidualUnit(channels, channels),
            HourglassModule(channels, depth - 1) if depth > 1 else ResidualUnit(channels, channels),
            ResidualUnit(channels, channels),
        )

    @override
    def forward(self, features: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, h, w)."""
        lower = functional.interpolate(self.lower(features), scale_factor=2.0, mode="nearest")
        found: Tensor = self.upper(features) + lower
        return found


@final
class ResidualUnit(nn.Module):
    """A bottleneck with batch norm and ReLU before each convolution; a 1x1 one beside it where channels change."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        inner = outputs // 2
        self.transform = nn.Sequential(
            preceded(conv(inputs, inner, 1)), preceded(conv(inner, inner)), preceded(conv(inner, outputs, 1))
        )
        self.project = nn.Identity() if inputs == outputs else conv(inputs, outputs, 1)

    @override
    def forward(self, features: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, outputs, h, w)."""
        found: Tensor = self.project(features) + self.transform(features)
        return found
