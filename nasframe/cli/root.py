"""The group of all commands: plug-ins switched off, commands that plug-ins add, errors as messages."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from typing_extensions import override

import nasframe
from nasframe.cli.check import check
from nasframe.cli.compare import compare
from nasframe.cli.convert import convert
from nasframe.cli.cost import cost
from nasframe.cli.derive import derive
from nasframe.cli.evaluate import evaluate
from nasframe.cli.export import export
from nasframe.cli.new import new
from nasframe.cli.output import say
from nasframe.cli.plan import plan
from nasframe.cli.plugins import plugins
from nasframe.cli.predict import predict
from nasframe.cli.repeat import repeat
from nasframe.cli.report import report
from nasframe.cli.retrain import retrain
from nasframe.cli.run import run
from nasframe.cli.runs import runs
from nasframe.cli.schema import schema
from nasframe.cli.show import show
from nasframe.cli.signal import signal
from nasframe.cli.streams import fit_streams
from nasframe.cli.supernet import supernet
from nasframe.cli.verify import verify
from nasframe.errors import NasframeError, PluginError, did_you_mean
from nasframe.files.words import first_line
from nasframe.plugin.registry import Registry
from nasframe.run.lasting_output import drop

FAILED, GIVEN_WRONG = 1, 2
INTERRUPTED = 130
OUT_OF_MEMORY = ("DefaultCPUAllocator", "out of memory")
"""What torch says where memory is refused, on a CPU by an error of no class of its own."""
LEFT_OUT = "no:"
PLUGIN_COMMANDS = "nasframe.cli.plugin_commands"


@contextmanager
def _errors_as_messages() -> Iterator[None]:
    try:
        yield
    except NasframeError as error:
        say(f"error: {error}")
        raise SystemExit(error.exit_code) from error
    except KeyboardInterrupt:
        say("interrupted")
        raise SystemExit(INTERRUPTED) from None
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not any(words in str(error) for words in OUT_OF_MEMORY):
            raise
        say(
            f"error: there is not enough memory ({first_line(error)}). Lower what makes networks or batches large, "
            "such as filters, crop or batch; nasframe plan says what a run needs"
        )
        raise SystemExit(FAILED) from error
    except OSError as error:
        if error.errno == errno.EPIPE:  # click ends quietly
            raise
        if error.filename is None:
            drop(sys.stdout)
        say(f"error: {error.filename or 'the output'}: {error.strerror or error}")
        raise SystemExit(GIVEN_WRONG if isinstance(error, PermissionError) else FAILED) from error


class PluginGroup(click.Group):
    """A group that also has the commands which plug-ins add; its ``ctx.obj`` is the registry."""

    @override
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with our errors as messages."""
        fit_streams()
        with _errors_as_messages():
            return super().parse_args(ctx, args)

    @override
    def invoke(self, ctx: click.Context) -> Any:
        """As click does, with our errors as messages."""
        with _errors_as_messages():
            return super().invoke(ctx)

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Our commands, then the plug-ins'."""
        return [*super().list_commands(ctx), *sorted(self._added(ctx).commands)]

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Our command of that name, else a plug-in's."""
        return super().get_command(ctx, cmd_name) or self._added(ctx).commands.get(cmd_name)

    def _added(self, ctx: click.Context) -> click.Group:
        """The plug-ins' commands, gathered once for each invocation."""
        if PLUGIN_COMMANDS not in ctx.meta:
            ctx.meta[PLUGIN_COMMANDS] = _plugin_commands(registry_of(ctx), set(self.commands))
        added: click.Group = ctx.meta[PLUGIN_COMMANDS]
        return added


def registry_of(ctx: click.Context) -> Registry:
    """The registry of this invocation: without the plug-ins that ``-p no:NAME`` leaves out; with ``--no-plugins`` only
    those that ``-p NAME`` names.

    Raises:
        PluginError: no plug-in has that name, or one is named that is there anyway.
    """
    if ctx.obj is None:
        chosen = ctx.params.get("chosen") or ()
        left_out = [name.removeprefix(LEFT_OUT) for name in chosen if name.startswith(LEFT_OUT)]
        named = [name for name in chosen if not name.startswith(LEFT_OUT)]
        alone = bool(ctx.params.get("no_plugins"))
        if named and not alone:
            raise PluginError(f"-p {named[0]} goes with --no-plugins, as all plug-ins are there without it")
        registry = Registry.discover(left_out, named if alone else None)
        there = [*registry.active, *registry.disabled, *(failure.plugin for failure in registry.failures)]
        known = [plugin.name for plugin in there]
        for name in (*left_out, *named):
            if name not in known:
                raise PluginError(f"-p {name}: no plug-in has that name{did_you_mean(name, known)}")
        ctx.obj = registry
    registry_found: Registry = ctx.obj
    return registry_found


def _plugin_commands(registry: Registry, taken: set[str]) -> click.Group:
    """The commands of all plug-ins; one that raises or takes a name that is taken becomes a failure."""
    together = click.Group()
    for plugin, add_commands in registry.command_hooks():
        own = click.Group()
        try:
            add_commands(cli=own)
        except (Exception, SystemExit) as error:  # whatever a stranger's hook raises is theirs to mend
            registry.reject(plugin, f"nasframe_commands: {type(error).__name__}: {error}")
            continue
        clashes = sorted((taken | set(together.commands)) & set(own.commands))
        if clashes:
            registry.reject(plugin, f"its command {clashes[0]!r} exists already")
            continue
        together.commands.update(own.commands)
    return together


def _chosen(ctx: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    for value in values:
        if value in ("", LEFT_OUT):
            raise click.BadParameter(f"{value!r}; expected no:NAME or NAME, with the name of a plug-in")
    return tuple(values)


@click.group(cls=PluginGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-p",
    "chosen",
    multiple=True,
    metavar="[no:]NAME",
    is_eager=True,
    callback=_chosen,
    help="no:NAME leaves a plug-in out; NAME takes one all the same, with --no-plugins.",
)
@click.option("--no-plugins", is_flag=True, is_eager=True, help="Import no installed plug-in, but those that -p names.")
@click.version_option(nasframe.__version__, prog_name="nasframe")
@click.pass_context
def main(ctx: click.Context, chosen: tuple[str, ...], no_plugins: bool) -> None:
    """Neural architecture search for dense prediction, made of plug-ins."""
    registry_of(ctx)


for _command in (
    check,
    plan,
    signal,
    repeat,
    run,
    retrain,
    report,
    export,
    evaluate,
    predict,
    derive,
    show,
    compare,
    runs,
    cost,
    convert,
    supernet,
    verify,
    new,
    plugins,
    schema,
):
    main.add_command(_command)
