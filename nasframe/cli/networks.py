"""What the commands that use a trained network have in common: which one, and how it is asked."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nasframe.errors import CapabilityError
from nasframe.inference import Inference
from nasframe.plugin.registry import Registry
from nasframe.space import Size
from nasframe.trained.speedups import Speedups

if TYPE_CHECKING:
    from nasframe.trained.finding import Saved

Command = Callable[..., Any]
PATH = click.Path(path_type=Path)
EXISTING = click.Path(path_type=Path, exists=True, dir_okay=False)


@dataclass(frozen=True)
class Chosen:
    """Which trained network was asked for."""

    source: Path
    genotype: Path | None
    weights: Path | None
    overrides: tuple[str, ...]

    def find(self, registry: Registry) -> Saved:
        """Its files and parts; see ``find_saved``."""
        from nasframe.trained.finding import find_saved

        return find_saved(self.source, registry, self.overrides, genotype=self.genotype, weights=self.weights)


def network_options(command: Command) -> Command:
    """RUN, ``--genotype``, ``--weights`` and ``--set``; the command gets them as ``chosen``."""

    @click.argument("source", metavar="RUN", type=PATH)
    @click.option("--genotype", type=EXISTING, help="Another genotype file than RUN/retrain/genotype.yaml.")
    @click.option("--weights", type=EXISTING, help="Another file of weights than RUN/retrain/weights.pt.")
    @click.option(
        "--set",
        "overrides",
        multiple=True,
        metavar="KEY=VALUE",
        help="Override what the network was trained with, like evaluator.workers=0 or run.device=cpu.",
    )
    @functools.wraps(command)
    def with_network(
        *, source: Path, genotype: Path | None, weights: Path | None, overrides: tuple[str, ...], **rest: Any
    ) -> Any:
        return command(chosen=Chosen(source, genotype, weights, overrides), **rest)

    return with_network


def inference_options(command: Command) -> Command:
    """``--window``, ``--stride``, ``--scales`` and ``--mirror``; the command gets them as ``inference``."""

    @click.option(
        "--window", callback=_size, metavar="H,W", help="Show windows of this size in pixels; default: the whole image."
    )
    @click.option("--stride", callback=_size, metavar="H,W", help="Pixels between windows; default: 2/3 of a window.")
    @click.option("--scales", default="1", callback=_scales, metavar="A,B,…", help="Average over these sizes.")
    @click.option("--mirror", is_flag=True, help="Average over the image and its mirror image.")
    @functools.wraps(command)
    def with_inference(
        *, window: Size | None, stride: Size | None, scales: tuple[float, ...], mirror: bool, **rest: Any
    ) -> Any:
        try:
            inference = Inference(window, stride, scales, mirror)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        return command(inference=inference, **rest)

    return with_inference


def speed_options(command: Command) -> Command:
    """``--fold-batch-norm``, ``--channels-last`` and ``--compile``; the command gets them as ``speedups``."""

    @click.option("--fold-batch-norm", is_flag=True, help="Faster: batch norms folded into their convolutions.")
    @click.option("--channels-last", is_flag=True, help="Faster: the channels of a pixel side by side in memory.")
    @click.option("--compile", "compiled", is_flag=True, help="Faster after minutes: compiled by torch.compile.")
    @functools.wraps(command)
    def with_speedups(*, fold_batch_norm: bool, channels_last: bool, compiled: bool, **rest: Any) -> Any:
        speedups = Speedups(fold_batch_norm, channels_last, compiled)
        speedups.require()
        return command(speedups=speedups, **rest)

    return with_speedups


def require(saved: Saved, capability: type, what: str, registry: Registry) -> None:
    """See that the network's evaluator has a capability.

    Args:
        what: what the capability is needed for.

    Raises:
        CapabilityError: it has not; names installed ones that have.
    """
    if issubclass(saved.evaluator.cls, capability):
        return
    able = [found.component.name for found in registry.usable("evaluator") if issubclass(found.value, capability)]
    raise CapabilityError(
        f"{what} needs an evaluator that is {capability.__name__}; {saved.evaluator.component.name!r}, which the "
        f"network was trained by, is not. Installed evaluators that are: {', '.join(able) or 'none'}"
    )


def _size(ctx: click.Context, parameter: click.Parameter, text: str | None) -> Size | None:
    """``512,1024``, or one number for a square."""
    if text is None:
        return None
    match = re.fullmatch(r"(\d+)(?:[,x](\d+))?", text)
    if match is None:
        raise click.BadParameter(f"{text!r}; expected HEIGHT,WIDTH in pixels, like 513,1025")
    return int(match[1]), int(match[2] or match[1])


def _scales(ctx: click.Context, parameter: click.Parameter, text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise click.BadParameter(f"{text!r}; expected numbers, like 0.5,0.75,1,1.25,1.5,1.75") from error
