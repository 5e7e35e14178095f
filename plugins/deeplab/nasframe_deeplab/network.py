"""The networks: backbone, head, decoder where there is one, classifier, and in training an auxiliary classifier."""

from __future__ import annotations

from typing import final

from torch import Tensor, nn
from typing_extensions import override

from nasframe import Task
from nasframe.outputs import Auxiliary, Outputs
from nasframe_deeplab.backbones import AtrousBackbone, backbone
from nasframe_deeplab.cell import Branch
from nasframe_deeplab.dense_cell import DenseCell
from nasframe_deeplab.head import Aspp, Decoder
from nasframe_deeplab.layers import Norm, Resize, conv_norm_relu, norm_of, resize_of
from nasframe_deeplab.options import DeepLabV3Options, DeepLabV3PlusOptions, DpcOptions, NetworkOptions
from nasframe_deeplab.outline import Backbone
from nasframe_deeplab.pretrained import start_from


def deeplabv3(name: Backbone, options: DeepLabV3Options, task: Task) -> DenseNetwork:
    """DeepLabv3 on a backbone."""
    norm = norm_of(options)
    base = _backbone(name, options, task, norm)
    head = nn.Sequential(Aspp(base.channels, options, norm, "dense"))
    channels = options.at_width(options.head_filters)
    if options.extra_conv:
        head.append(conv_norm_relu(channels, channels, norm, 3))
    network = DenseNetwork(base, head, None, channels, options, task)
    if options.auxiliary:
        network.auxiliary = AuxiliaryHead(base.before_channels, task.num_classes, norm)
        network.auxiliary_weight = options.auxiliary_weight
    return network


def deeplabv3plus(name: Backbone, options: DeepLabV3PlusOptions, task: Task) -> DenseNetwork:
    """DeepLabv3+ on a backbone."""
    norm = norm_of(options)
    base = _backbone(name, options, task, norm)
    head = Aspp(base.channels, options, norm, "separable")
    decoder = Decoder(base.low_channels, head.channels, options, norm)
    return DenseNetwork(base, head, decoder, decoder.channels, options, task)


def dpc(cell: tuple[Branch, ...], options: DpcOptions, task: Task) -> DenseNetwork:
    """A dense prediction cell on the options' backbone."""
    norm = norm_of(options)
    base = _backbone(options.backbone, options, task, norm)
    head = DenseCell(base.channels, cell, options, norm)
    if not options.decoder:
        return DenseNetwork(base, head, None, head.channels, options, task)
    decoder = Decoder(base.low_channels, head.channels, options, norm)
    return DenseNetwork(base, head, decoder, decoder.channels, options, task)


@final
class DenseNetwork(nn.Module):
    """Images (N, C, H, W) of any size -> logits (N, classes, H, W)."""

    def __init__(
        self,
        base: AtrousBackbone,
        head: nn.Module,
        decoder: Decoder | None,
        channels: int,
        options: NetworkOptions,
        task: Task,
    ) -> None:
        """Args: channels: that the classifier gets."""
        super().__init__()
        self.resize: Resize = resize_of(options)
        self.backbone = base
        self.head = head
        self.decoder = decoder
        self.classify = nn.Conv2d(channels, task.num_classes, 1)
        self.auxiliary: AuxiliaryHead | None = None
        self.auxiliary_weight = 0.0

    @override
    def forward(self, images: Tensor) -> Tensor | Outputs:
        """(N, C, H, W) -> (N, classes, H, W); in training, with an auxiliary head, both logits."""
        low, before, features = self.backbone(images)
        features = self.head(features)
        if self.decoder is not None:
            features = self.decoder(features, low)
        logits = self.resize(self.classify(features), images)
        if not self.training or self.auxiliary is None:
            return logits
        extra = self.resize(self.auxiliary(before), images)
        return Outputs(logits, ((extra, self.auxiliary_weight),))


@final
class AuxiliaryHead(nn.Module, Auxiliary):
    """3x3 to a quarter of the channels, dropout, classifier (torchvision's)."""

    def __init__(self, inputs: int, classes: int, norm: Norm) -> None:
        super().__init__()
        self.reduce = conv_norm_relu(inputs, inputs // 4, norm, 3)
        self.dropout = nn.Dropout(0.1)
        self.classify = nn.Conv2d(inputs // 4, classes, 1)

    @override
    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, classes, H, W)."""
        logits: Tensor = self.classify(self.dropout(self.reduce(features)))
        return logits


def _backbone(name: Backbone, options: NetworkOptions, task: Task, norm: Norm) -> AtrousBackbone:
    base = backbone(name, task.in_channels, options, norm)
    if options.weights is not None and not next(base.parameters()).is_meta:
        start_from(base, options.weights, name)
    return base
