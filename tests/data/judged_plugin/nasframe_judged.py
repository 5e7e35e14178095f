"""A plug-in for tests of how candidates are evaluated, also in other processes: nothing in it is made in a test."""

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
