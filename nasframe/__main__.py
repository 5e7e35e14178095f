"""``python -m nasframe``: the command line."""

from nasframe.cli import main

main()
