"""Run folders of any space."""

from stairs_runs import invoke, make_run, registry, searched, stairs

__all__ = ["invoke", "make_run", "registry", "searched", "stairs"]
