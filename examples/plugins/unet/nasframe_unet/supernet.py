"""All depths, operations and skip connections at once, mixed by three tables of logits."""

import torch
from torch import nn

from nasframe.genotype import trace
from nasframe.supernet import Supernet
from nasframe_unet.network import doubled, halved, operation
from nasframe_unet.space import OPERATIONS


class UNetSupernet(Supernet):
    """The U-Net of the largest depth, into whose way up each level's own state is mixed as if it were the lowest.

    The tables: ``turn`` (D - 1, 2), whether levels 1 to D - 1 are the lowest or not, given that they are reached;
    ``operation`` (D + 1, K); ``skip`` (D, 2), whether there is a skip connection.
    """

    def __init__(self, space, task, weigh):
        super().__init__()
        self.space, self.weigh = space, weigh
        self.depth = space.options.depth
        widths = [space.options.filters << level for level in range(self.depth + 1)]
        self.turn = nn.Parameter(1e-3 * torch.randn(self.depth - 1, 2))
        self.operation = nn.Parameter(1e-3 * torch.randn(self.depth + 1, len(OPERATIONS)))
        self.skip = nn.Parameter(1e-3 * torch.randn(self.depth, 2))
        self.pool = halved()
        self.down = nn.ModuleList(map(all_operations, [task.in_channels, *widths], widths))
        self.rise = nn.ModuleList(doubled(widths[level + 1], widths[level]) for level in range(self.depth))
        self.up = nn.ModuleList(all_operations(2 * width, width) for width in widths[:-1])
        self.head = nn.Conv2d(widths[0], task.num_classes, 1)

    def arch_parameters(self):
        return [self.turn, self.operation, self.skip]

    def weighed(self, weigh):
        return {"turn": weigh(self.turn), "operation": weigh(self.operation), "skip": weigh(self.skip)}

    def forward(self, inputs):
        weights = self.weighed(self.weigh)
        passed = [mixed(self.down[0], weights["operation"][0], inputs)]
        for level in range(1, self.depth + 1):
            passed.append(mixed(self.down[level], weights["operation"][level], self.pool(passed[-1])))
        state = passed[-1]
        for level in reversed(range(self.depth)):
            if level + 1 < self.depth:
                lowest, deeper = weights["turn"][level]  # of the level below
                state = lowest * passed[level + 1] + deeper * state
            both = torch.cat([self.rise[level](state), weights["skip"][level, 0] * passed[level]], 1)
            state = mixed(self.up[level], weights["operation"][level], both)
        return self.head(state)

    def derive(self):
        found = self.mixing_weights()
        reached, depths = 1.0, []
        for lowest, deeper in [*found["turn"], (1.0, 0.0)]:
            depths.append(reached * lowest)
            reached *= deeper
        answers = {"depth": 1 + depths.index(max(depths))}
        for level, row in enumerate(found["operation"]):
            answers[f"level{level}/operation"] = OPERATIONS[int(row.argmax())]
        for level, (there, absent) in enumerate(found["skip"]):
            answers[f"level{level}/skip"] = bool(there >= absent)
        return trace(self.space, lambda name, options: answers[name])


def all_operations(inputs, outputs):
    return nn.ModuleList(operation(name, inputs, outputs) for name in OPERATIONS)


def mixed(operations, weights, inputs):
    """The sum of the operations' outputs, weighted."""
    return sum(weight * one(inputs) for weight, one in zip(weights, operations, strict=True))
