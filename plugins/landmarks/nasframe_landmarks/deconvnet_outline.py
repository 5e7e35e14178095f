"""The stages of DeconvNet: VGG-16's convolutions by resolution, and what mirrors them."""

from __future__ import annotations

DOWN = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of the convolutions before each pooling, at width 1."""
UP = ((512, 512, 512), (512, 512, 256), (256, 256, 128), (128, 64), (64, 64))
"""Channels of the transposed convolutions after each unpooling."""
STRIDE = 2 ** len(DOWN)
"""Of the bottleneck's input."""
