"""A plug-in for tests of how candidates are evaluated, also in other processes: nothing in it is made in a test."""

import importlib

import nasframe


@nasframe.hookimpl
def nasframe_components():
    parts = "nasframe_judged_parts"
    return [
        nasframe.Component("space", "branches", f"{parts}:Branches", "a conditional space"),
        nasframe.Component("evaluator", "marks", f"{parts}:Marks", "says how many, and fails as it is told"),
        nasframe.Component("evaluator", "trains", f"{parts}:Trains", "trains tiny networks, and notes each update"),
        nasframe.Component("strategy", "dice", f"{parts}:Dice", "draws by torch's generator"),
        nasframe.Component("strategy", "downhill", f"{parts}:Downhill", "owns its steps"),
        nasframe.Component("engine", "newest-first", f"{parts}:NewestFirst", "begins with what was asked for last"),
    ]


def go_on(folder, plugins):
    """Go on with a run in a process that a test kills.

    Args:
        plugins: of each the name, the distribution, its version and the module.
    """
    from functools import partial
    from pathlib import Path

    import nasframe.report
    from nasframe.plugin.registry import Plugin, Registry
    from nasframe.report.record import read
    from nasframe.run import resume

    def write_empty_report(folder):
        (folder / "report.md").write_text("")
        return read(folder)

    nasframe.report.write_report = write_empty_report
    found = [Plugin(*about, partial(importlib.import_module, module)) for *about, module in plugins]
    resume(Path(folder), Registry(found), quiet=True)
