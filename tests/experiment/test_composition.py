"""How an experiment is put together from files, the files they extend, overrides and variables."""

import pytest

from nasframe.errors import ExperimentError
from nasframe.experiment.checking import load

GOOD = """\
space:
  type: hard
  layers: 3
evaluator: {type: tabular}
strategy:
  type: guess
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "exp.yaml:1:1: found nothing, expected the keys of an experiment: space, evaluator, strategy, …"),
        ("- a", "exp.yaml:1:1: found a list, expected the keys of an experiment: space, evaluator, strategy, …"),
        ("a:\n\tb: 1", "exp.yaml:2:1: not valid YAML: while scanning for the next token, found character '\\t'"),
        ("a: [1", "exp.yaml:1:6: not valid YAML: while parsing a flow sequence"),
        ("a: 1\n---\nb: 2", "exp.yaml:2:1: not valid YAML: expected a single document"),
        ("a: \x07", "exp.yaml: not valid YAML: unacceptable character #x0007"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused_with_its_place(errors, text, message):
    assert errors(text)[0].startswith(message)


def test_files_that_cannot_be_read_are_refused(registry, write, tmp_path):
    write(GOOD)
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: caf\xe9\n")
    for path, words in (
        ("missing.yaml", "missing.yaml: cannot be read: No such file"),
        (".", "it is a folder"),
        ("latin.yaml", "latin.yaml:2:7: byte 0xe9 is not UTF-8"),
    ):
        with pytest.raises(ExperimentError) as caught:
            load(path, registry=registry)
        assert words in str(caught.value)


def test_duplicate_keys_anchors_in_circles_and_tags_are_refused(errors):
    text = GOOD + "  steps: 1\n  steps: 2\nname: !!python/name:os.system ''\nrun: &r {folder: *r}\n"
    found = errors(text)
    assert "exp.yaml:8:3: duplicate key 'steps'; it stands already at exp.yaml:7:3" in found
    assert any(line.startswith("exp.yaml:9:7: the tag 'tag:yaml.org,2002:python/name:os.system'") for line in found)
    assert "exp.yaml:10:6: this anchor contains itself" in found


@pytest.mark.parametrize("written", ["!!int abc", "!!bool abc", "!!float abc", "!!binary YQ=="])
def test_a_value_that_is_not_what_its_tag_says_is_one_error(errors, written):
    found = errors(GOOD.replace("layers: 3", f"layers: {written}"))
    assert len(found) == 1
    assert found[0].startswith("exp.yaml:3:11: ")


def test_what_is_nested_too_deeply_is_refused(errors):
    assert "nested too deeply" in errors("space: " + "[" * 1200 + "]" * 1200)[0]


def test_numbers_are_as_in_yaml_1_2_and_dates_are_words(registry, write):
    text = GOOD.replace("type: guess", "type: gradient\n  epochs: 2e1\n  warmup: 1e-3")
    text = text.replace("hard", "soft").replace("{type: tabular}", "{type: smooth, data: {root: 2024-01-01}}")
    experiment = load(write(text), registry=registry)
    assert (experiment.strategy.options.epochs, experiment.strategy.options.warmup) == (20.0, 0.001)
    assert experiment.evaluator.options.data.root == "2024-01-01"


def test_anchors_and_merge_keys_work(registry, write):
    text = "name: &n x\nspace: &s {type: hard, layers: 5}\nretrain: {space: {<<: *s, filters: 8}}\n"
    experiment = load(write(text + "evaluator: tabular\nstrategy: guess\n"), registry=registry)
    assert (experiment.retrain.space.options.layers, experiment.retrain.space.options.filters) == (5, 8)


def test_a_file_extends_others_deeply_and_the_later_win(registry, write):
    write(GOOD + "  steps: 7\nseed: 1\nrun: {folder: a, pictures: 0}", "base/a.yaml")
    write("seed: 2\nrun: {folder: b}", "base/b.yaml")
    write("extends: b.yaml\nrun: {snapshots: 3}", "base/c.yaml")
    experiment = load(write("extends: [base/a.yaml, base/c.yaml]\nspace: {filters: 9}"), registry=registry)
    assert (experiment.seed, experiment.strategy.options.steps) == (2, 7)
    assert (experiment.space.options.layers, experiment.space.options.filters) == (3, 9)
    run = experiment.run
    assert (run.folder, run.pictures, run.snapshots) == ("b", 0, 3)


def test_another_type_drops_the_base_options_of_that_section_and_of_its_retraining(registry, write):
    write("extends: mid.yaml\nretrain: {space: {layers: 4}, evaluator: {crop: 64}}\n" + GOOD, "base.yaml")
    write("run: {pictures: 1}", "mid.yaml")
    text = "extends: base.yaml\nevaluator: {type: smooth, data: {root: x}}"
    experiment = load(write(text), registry=registry)
    assert experiment.retrain.evaluator.options.crop == 32
    assert experiment.retrain.space.options.layers == 4
    same = load(write("extends: base.yaml\nevaluator: {type: tabular}"), registry=registry)
    assert same.retrain.evaluator.options.crop == 64


def test_circles_and_missing_bases_are_errors_at_their_place(errors, write):
    write("extends: exp.yaml\n", "other.yaml")
    assert errors("extends: [other.yaml, gone.yaml, 3]\n" + GOOD) == [
        "exp.yaml:1:23: extends: found 'gone.yaml', which is no file; the path is relative to this file",
        "exp.yaml:1:34: extends: found 3, expected the path of a file, or a list of them",
        "other.yaml:1:10: extends: the files extend each other in a circle: exp.yaml -> other.yaml -> exp.yaml",
    ]


def test_an_error_in_a_base_is_placed_in_the_base(errors, write):
    write(GOOD + "  stepz: 1", "base.yaml")
    assert errors("extends: base.yaml")[0].startswith("base.yaml:7:3: strategy.stepz: unknown key")


def test_overrides_win_in_their_order_and_are_yaml(registry, write):
    overrides = ("space.layers=9", "space.layers=1", "space.rates=[3, 4]", "run.threads=2", "name='7'")
    experiment = load(write(GOOD), overrides, registry)
    assert (experiment.space.options.layers, experiment.space.options.rates) == (1, (3, 4))
    assert (experiment.run.threads, experiment.name) == (2, "7")


def test_an_override_may_change_the_component(registry, write):
    text = GOOD.replace("hard", "soft").replace("{type: tabular}", "{type: smooth, data: {root: x}}") + "  steps: 5"
    experiment = load(write(text), ("strategy.type=gradient", "strategy.epochs=3"), registry)
    assert experiment.strategy.options.epochs == 3
    assert load(write(text), ("strategy=gradient",), registry).strategy.component.name == "gradient"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("space.layer=3", "--set space.layer=3: space.layer: unknown key 'layer'; did you mean 'layers'?"),
        ("space.layers=x", "--set space.layers=x: space.layers: found 'x', expected a valid integer"),
        ("space.layers", "--set space.layers: expected KEY=VALUE, like strategy.epochs=2"),
        ("space..layers=1", "--set space..layers=1: expected KEY=VALUE"),
        ("space.layers=[1", "--set space.layers=[1: not valid YAML"),
        ("extends=x.yaml", "--set extends=x.yaml: 'extends' can only stand in a file"),
        ("evaluator.type=smooth", "--set evaluator.type=smooth: evaluator.data: missing; expected The images."),
    ],
)
def test_a_wrong_override_is_named_as_it_was_typed(errors, override, message):
    assert errors(GOOD, override)[0].startswith(message)


def test_variables_are_filled_in(registry, write, monkeypatch):
    monkeypatch.setenv("LAYERS", "5")
    monkeypatch.setenv("WHERE", "disk")
    text = GOOD.replace("layers: 3", "layers: ${LAYERS}\n  filters: ${FILTERS:-6}")
    text = text.replace("{type: tabular}", '{type: smooth, data: {root: "/mnt/${WHERE}/${NO:-x}/$${RAW}"}}')
    experiment = load(write(text), registry=registry)
    assert (experiment.space.options.layers, experiment.space.options.filters) == (5, 6)
    assert experiment.evaluator.options.data.root == "/mnt/disk/x/${RAW}"


def test_a_variable_that_is_not_set_is_an_error_beside_the_others(errors, monkeypatch):
    monkeypatch.delenv("NOT_SET", raising=False)
    text = GOOD.replace("layers: 3", "layers: ${NOT_SET}\n  filters: 0") + "  steps: ${1}"
    found = errors(text)
    assert found == [
        "exp.yaml:3:11: space.layers: the environment variable 'NOT_SET' is not set; "
        "set it, or write ${NOT_SET:-default}",
        "exp.yaml:4:12: space.filters: found 0, expected greater than or equal to 1",
        "exp.yaml:8:10: strategy.steps: found '${1}', expected ${NAME} or ${NAME:-default}; write $${ for a literal ${",
    ]


def test_a_variable_that_is_overridden_need_not_be_set(registry, write, monkeypatch):
    monkeypatch.delenv("NOT_SET", raising=False)
    text = GOOD.replace("layers: 3", "layers: ${NOT_SET}")
    assert load(write(text), ("space.layers=2",), registry).space.options.layers == 2


@pytest.mark.parametrize(
    ("written", "root"),
    [
        ("${A:-${B}}", "b"),
        ("${A:-${NO:-${B}/x}}/y", "b/x/y"),
        ("${B:-${NO}}", "b"),
        ("${A:-$${B}}", "${B}"),
        ("$${A:-${B}}", "${A:-b}"),
        ("${A:-}{${B}}", "{b}"),
        ("${EMPTY:-${B}}", "b"),
    ],
)
def test_a_default_may_hold_variables(registry, write, monkeypatch, written, root):
    for name in ("A", "NO"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("B", "b")
    monkeypatch.setenv("EMPTY", "")
    text = GOOD.replace("hard", "soft").replace("{type: tabular}", f"{{type: smooth, data: {{root: '{written}'}}}}")
    experiment = load(write(text.replace("guess", "gradient")), registry=registry)
    assert experiment.evaluator.options.data.root == root


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("${A:-${NO}}", "the environment variable 'NO' is not set"),
        ("${A:-${B}", "expected ${NAME} or ${NAME:-default}"),
        ("${A:-${}}", "expected ${NAME} or ${NAME:-default}"),
        ("${A:-" * 5000, "expected at most 8 defaults inside each other"),
        ("${HUGE}", "found a number of 5,000 digits, expected at most 300"),
        ("x${BYTES}", "found the character U+DCE9, which no text can hold"),
        ("${WIDE}" * 4, "with its variables filled in it has more than 262,144 characters"),
    ],
)
def test_a_variable_that_gives_no_value_is_an_error_with_its_reason(errors, monkeypatch, written, words):
    for name in ("A", "NO"):
        monkeypatch.delenv(name, raising=False)
    for name, text in {"B": "b", "HUGE": "9" * 5000, "BYTES": "caf\udce9", "WIDE": "w" * 100_000}.items():
        monkeypatch.setenv(name, text)
    (found,) = errors(GOOD.replace("layers: 3", f"layers: '{written}'"))
    assert found.startswith("exp.yaml:3:11: space.layers: ") and words in found


def test_a_file_may_keep_keys_of_its_own_for_its_anchors(registry, write, errors, monkeypatch):
    monkeypatch.delenv("NOT_SET", raising=False)
    block = "x-parts: &p {layers: 5, filters: 8}\nx-more: ${NOT_SET}\n"
    text = GOOD.replace("  layers: 3", "  <<: *p")
    experiment = load(write(block + text), registry=registry)
    assert (experiment.space.options.layers, experiment.space.options.filters) == (5, 8)
    assert "x-parts" not in experiment.resolved()
    write(block + text, "base.yaml")
    assert load(write("extends: base.yaml"), registry=registry).space.options.layers == 5
    assert errors(GOOD + "run: {x-own: 1}")[0].startswith("exp.yaml:7:7: run.x-own: unknown key")
    assert errors(GOOD, "x-own=1")[0].startswith("--set x-own=1: x-own: unknown key")


def test_words_that_older_yaml_took_for_truth_values_are_refused_with_what_to_write(errors):
    assert "exp.yaml:7:16: cache.reuse: found 'yes', expected a valid boolean; write true" in errors(
        GOOD + "cache: {reuse: yes}"
    )


def test_files_that_multiply_by_extending_each_other_are_refused(errors, write):
    for number in range(8):
        write(f"extends: [{', '.join([f'f{number + 1}.yaml'] * 9)}]", f"f{number}.yaml")
    write(GOOD, "f8.yaml")
    assert "more than 100 files extend each other" in errors("extends: f0.yaml")[0]


@pytest.mark.parametrize("name", ["a" * 5000, "~nobody-of-this-name/x", "loop"])
def test_a_path_that_no_file_can_have_is_named(errors, tmp_path, name):
    (tmp_path / "loop").symlink_to("loop")
    assert "which is no file" in errors(f"extends: {name}\n" + GOOD)[0]
    assert any("which is no file" in line for line in errors(f"genotype: {name}\nevaluator: tabular"))


def test_an_override_of_many_keys_is_refused(errors):
    assert "expected KEY=VALUE, like strategy.epochs=2" in errors(GOOD, ".".join("a" * 5000) + "=1")[0]
