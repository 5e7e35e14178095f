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
from nasframe.cli.cost import cost
from nasframe.cli.derive import derive
from nasframe.cli.evaluate import evaluate
from nasframe.cli.export import export
from nasframe.cli.new import new
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
from nasframe.plugin.registry import Registry
from nasframe.run.lasting_output import drop

FAILED, GIVEN_WRONG = 1, 2
INTERRUPTED = 130
PLUGIN_COMMANDS = "nasframe.cli.plugin_commands"


@contextmanager
def _errors_as_messages() -> Iterator[None]:
    try:
        yield
    except NasframeError as error:
        _say(f"error: {error}")
        raise SystemExit(error.exit_code) from error
    except KeyboardInterrupt:
        _say("interrupted")
        raise SystemExit(INTERRUPTED) from None
    except OSError as error:
        if error.errno == errno.EPIPE:  # click ends quietly
            raise
        if error.filename is None:
            drop(sys.stdout)
        _say(f"error: {error.filename or 'the output'}: {error.strerror or error}")
        raise SystemExit(GIVEN_WRONG if isinstance(error, PermissionError) else FAILED) from error


def _say(text: str) -> None:
    try:
        click.echo(text, err=True)
    except OSError:  # there is nobody to say it to; the exit code says it
        drop(sys.stderr)


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
    """The registry of this invocation, without the plug-ins that ``-p no:NAME`` leaves out.

    Raises:
        PluginError: no plug-in has that name.
    """
    if ctx.obj is None:
        names = ctx.params.get("left_out") or ()
        registry = Registry.discover(names)
        disabled = [plugin.name for plugin in registry.disabled]
        known = [plugin.name for plugin in registry.active] + [failure.plugin.name for failure in registry.failures]
        for name in names:
            if name not in disabled:
                raise PluginError(f"-p no:{name}: no plug-in has that name{did_you_mean(name, known)}")
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


def _left_out(ctx: click.Context, parameter: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    for value in values:
        if not value.startswith("no:") or value == "no:":
            raise click.BadParameter(f"{value!r}; expected no:NAME, with the name of a plug-in")
    return tuple(value.removeprefix("no:") for value in values)


@click.group(cls=PluginGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-p", "left_out", multiple=True, metavar="no:NAME", is_eager=True, callback=_left_out, help="Leave a plug-in out."
)
@click.version_option(nasframe.__version__, prog_name="nasframe")
@click.pass_context
def main(ctx: click.Context, left_out: tuple[str, ...]) -> None:
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
    supernet,
    verify,
    new,
    plugins,
    schema,
):
    main.add_command(_command)
