import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "graphs.md"


def test_the_examples_of_the_page_on_graphs_run_as_they_stand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(examples) == 3
    exec(compile("\n".join(examples), str(PAGE), "exec"), {})
    assert len(list(tmp_path.iterdir())) == 3
