"""A plug-in for tests of how candidates are evaluated, also in other processes: nothing in it is made in a test."""

import importlib

import nasframe


@nasframe.hookimpl
def nasframe_components():
    parts = "nasframe_judged_parts"
    return [
        nasframe.Component("space", "branches", f"{parts}:Branches", "a conditional space"),
        nasframe.Component("evaluator", "marks", f"{parts}:Marks", "says how many, and fails as it is told"),
        nasframe.Component("strategy", "dice", f"{parts}:Dice", "draws by torch's generator"),
        nasframe.Component("strategy", "downhill", f"{parts}:Downhill", "owns its steps"),
    ]


def go_on(folder):
    """Go on with a run of this plug-in, in a process that a test kills."""
    from pathlib import Path

    import nasframe.report
    from nasframe.plugin.registry import Plugin, Registry
    from nasframe.run import resume

    nasframe.report.write_report = lambda path: (path / "report.md").write_text("")
    own = importlib.import_module(__name__)
    resume(Path(folder), Registry([Plugin("judged", "nasframe-judged", "1.0", lambda: own)]), quiet=True)
