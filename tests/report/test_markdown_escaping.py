"""Names and messages are shown in Markdown as they are: none becomes HTML, a link, a picture or a cell of its own."""

import json
import re

import pytest
import yaml
from markdown_it import MarkdownIt

from nasframe.report import markdown as md
from nasframe.report import write_report

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "</details><h1>big</h1>",
    "<!-- hidden -->",
    "<!DOCTYPE html>",
    "<?php echo 1 ?>",
    "a<b>bold</b>c",
    "`<img src=x>`",
    "` <img src=x>",
    "``<img src=x>`` `",
    "x``<img src=x>",
    "[text](javascript:alert(1))",
    "![picture](http://far.away/x.png)",
    "[text][reference]",
    "<http://far.away>",
    "a|b|c",
    "a\\|b",
    "\\<b>",
    "**bold** and *slanted* and __more__",
    "~~gone~~",
    "&lt;b&gt; &amp; &#60;",
    "line\n\n<h1>title</h1>\n\n| new | table |",
)
OWN_HTML = re.compile("</?(details|summary)>")


def rendered(text):
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


def inline(tokens):
    return [child for token in tokens for child in (token.children or [])]


def shown(tokens):
    return "".join(child.content for child in inline(tokens) if child.type in ("text", "code_inline", "text_special"))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_text_is_shown_as_it_is(payload):
    tokens = rendered(f"Name: {md.escaped(payload)}.")
    assert {token.type for token in tokens} == {"paragraph_open", "inline", "paragraph_close"}
    assert {child.type for child in inline(tokens)} <= {"text", "text_special"}
    assert shown(tokens) == f"Name: {' '.join(payload.split())}."


@pytest.mark.parametrize("payload", PAYLOADS)
def test_code_is_shown_as_it_is(payload):
    tokens = rendered(f"Name: {md.code(payload)}")
    assert {child.type for child in inline(tokens)} <= {"text", "code_inline"}
    assert shown(tokens) == f"Name: {' '.join(payload.split())}"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_table_has_its_cells_and_no_more(payload):
    tokens = rendered(md.table(("name", payload), ((payload, md.code(payload)), (payload, payload))))
    assert [token.type for token in tokens if token.type in ("th_open", "td_open")] == ["th_open"] * 2 + ["td_open"] * 4
    assert {child.type for child in inline(tokens)} <= {"text", "text_special", "code_inline"}


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_sentence_has_code_and_nothing_else(payload):
    tokens = rendered(f"- {md.sentence(f'`graph.json` cannot be read ({payload})')}")
    found = [child for child in inline(tokens) if child.type not in ("text", "text_special")]
    assert {child.type for child in found} == {"code_inline"} and found[0].content == "graph.json"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_folded_text_has_a_line_to_click_on_and_nothing_else(payload):
    text = md.folded(payload, "inside")
    assert OWN_HTML.sub("", text).count("<") == 0
    assert [token.type for token in rendered(text)].count("html_block") == 2


def test_a_report_of_hostile_names_has_no_html_but_its_own(tmp_path):
    hostile = "x<img src=x onerror=alert(1)>[y](javascript:z)"
    table = {"columns": [hostile, hostile], "rows": [[hostile, 1]]}
    metrics = {"score": 0.5, "metrics": {hostile: 0.5}, "tables": {hostile: table}}
    experiment = {"name": hostile, "seed": hostile, "space": {"type": hostile, hostile: hostile}}
    status = {"state": hostile, "phase": hostile, "step": hostile, "steps": 3, "reason": hostile}
    (tmp_path / "retrain").mkdir()
    (tmp_path / "retrain" / "metrics.json").write_text(json.dumps(metrics))
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(experiment))
    (tmp_path / "status.json").write_text(json.dumps(status))
    (tmp_path / "evaluator.json").write_text(json.dumps({hostile: hostile}))
    (tmp_path / "environment.json").write_text(json.dumps({"device": hostile}))
    (tmp_path / "events.jsonl").write_text(json.dumps({"event": "failed", "phase": "search", "step": 1, "time": 1.0}))
    write_report(tmp_path)
    tokens = rendered((tmp_path / "report.md").read_text())
    assert not [child for child in inline(tokens) if child.type in ("html_inline", "link_open")]
    blocks = [token.content for token in tokens if token.type == "html_block"]
    assert blocks and not any(OWN_HTML.sub("", block).count("<") for block in blocks)
    assert hostile in shown(tokens)
