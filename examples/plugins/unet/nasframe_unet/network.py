"""One network, and the parts that the supernet is made of too."""

import torch
from torch import nn


def operation(name, inputs, outputs):
    """What a level computes: (N, inputs, H, W) -> (N, outputs, H, W)."""
    if name == "residual_3x3":
        return Residual(inputs, outputs)
    layer = {"conv_3x3": convolution, "sep_3x3": separable}[name]
    return nn.Sequential(*layer(inputs, outputs), nn.ReLU(), *layer(outputs, outputs), nn.ReLU())


def convolution(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)


def separable(inputs, outputs):
    depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
    return depthwise, nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)


class Residual(nn.Module):
    """Two 3x3 convolutions beside a 1x1 convolution (He et al., CVPR 2016)."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.body = nn.Sequential(*convolution(inputs, outputs), nn.ReLU(), *convolution(outputs, outputs))
        self.beside = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, inputs):
        return torch.relu(self.body(inputs) + self.beside(inputs))


def halved():
    return nn.MaxPool2d(2)


def doubled(inputs, outputs):
    return nn.ConvTranspose2d(inputs, outputs, 2, stride=2)


class Network(nn.Module):
    """A U-Net: down to its depth, and up again; a skip connection is concatenated to what comes from below."""

    def __init__(self, genotype, filters, task):
        super().__init__()
        self.depth = genotype["depth"]
        widths = [filters << level for level in range(self.depth + 1)]
        names = [genotype[f"level{level}/operation"] for level in range(self.depth + 1)]
        self.skips = [genotype[f"level{level}/skip"] for level in range(self.depth)]
        self.pool = halved()
        before = [task.in_channels, *widths]
        self.down = nn.ModuleList(
            operation(name, b, width) for name, b, width in zip(names, before, widths, strict=False)
        )
        self.rise = nn.ModuleList(doubled(widths[level + 1], widths[level]) for level in range(self.depth))
        self.up = nn.ModuleList(
            operation(names[level], widths[level] * (1 + self.skips[level]), widths[level])
            for level in range(self.depth)
        )
        self.head = nn.Conv2d(filters, task.num_classes, 1)

    def forward(self, inputs):
        passed = [self.down[0](inputs)]
        for down in self.down[1:]:
            passed.append(down(self.pool(passed[-1])))
        state = passed.pop()
        for level in reversed(range(self.depth)):
            risen = self.rise[level](state)
            state = self.up[level](torch.cat([risen, passed[level]], 1) if self.skips[level] else risen)
        return self.head(state)
