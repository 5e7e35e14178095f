"""A plug-in for tests, as it is found when its folder is on the path; nothing of it can be run."""

import click

import nasframe

PARTS = "nasframe_tiny_parts"


@nasframe.hookimpl
def nasframe_components():
    return [
        nasframe.Component("space", "soft", f"{PARTS}:Soft", "a space that can be relaxed"),
        nasframe.Component("space", "hard", f"{PARTS}:Hard", "a space that cannot"),
        nasframe.Component("evaluator", "smooth", f"{PARTS}:Smooth", "an evaluator with a loss"),
        nasframe.Component("evaluator", "tabular", f"{PARTS}:Tabular", "an evaluator without one"),
        nasframe.Component("strategy", "gradient", f"{PARTS}:Gradient", "needs both"),
        nasframe.Component("strategy", "guess", f"{PARTS}:Guess", "needs nothing"),
        nasframe.Component("genotype", "hard-best", f"{PARTS}:BEST", "one genotype"),
    ]


@nasframe.hookimpl
def nasframe_commands(cli):
    @cli.command()
    def greet():
        """Say hello."""
        click.echo("hello from tiny")
