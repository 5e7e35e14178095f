"""An evaluation as plain data, which the files of a run hold."""

import json

from nasframe import Evaluation, Table

RESULT = Evaluation(
    0.5,
    {"score": 0.5, "loss": 2.0},
    {"classes": Table(("class", "IoU"), (("road", 0.5), ("sky", None)))},
    {"split": "val"},
    budget=0.25,
)


def test_the_fields_that_are_asked_for_are_written_in_that_order():
    assert json.dumps(RESULT.to_dict("score", "metrics", "tables")) == (
        '{"score": 0.5, "metrics": {"score": 0.5, "loss": 2.0}, '
        '"tables": {"classes": {"columns": ["class", "IoU"], "rows": [["road", 0.5], ["sky", null]]}}}'
    )
    assert list(RESULT.to_dict("failure", "conditions")) == ["failure", "conditions"]


def test_what_a_strategy_is_told_comes_back_from_plain_data():
    data = json.loads(json.dumps(RESULT.to_dict("score", "metrics", "failure", "budget")))
    assert Evaluation.from_dict({**data, "worker": 2}) == Evaluation(0.5, {"score": 0.5, "loss": 2.0}, budget=0.25)
