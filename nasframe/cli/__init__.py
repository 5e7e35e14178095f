"""The command line."""

from nasframe.cli.root import main

__all__ = ["main"]
