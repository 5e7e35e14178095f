"""What is installed, with the tiny parts of ``nasframe.testing.tiny`` and an evaluator of a test's own."""

import types

import nasframe
from nasframe import Component
from nasframe.plugin.registry import Plugin, Registry
from nasframe.testing.tiny import TinyEvaluator, TinySpace
from nasframe.testing.tiny_blocks import TinyBlocks


def tiny_registry(*evaluators, spaces=()):
    """Args: evaluators, spaces: classes of the test's own, whose modules must be importable."""
    kinds = {"space": [TinySpace, TinyBlocks, *spaces], "evaluator": [TinyEvaluator, *evaluators]}
    components = [
        Component(kind, cls.name, f"{cls.__module__}:{cls.__name__}", "A part.")
        for kind, group in kinds.items()
        for cls in group
    ]
    plugin = types.SimpleNamespace(nasframe_components=nasframe.hookimpl(lambda: components))
    return Registry([*Registry.discover().active, Plugin("tiny", "nasframe-tiny", "1.0", lambda: plugin)])
