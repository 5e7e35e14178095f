"""Plug-ins are found, named when they are broken, and never hide each other."""

import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

import nasframe
from nasframe.plugin.registry import CORE, KINDS, Plugin, Registry

TINY = Path(__file__).parents[1] / "data" / "tiny_plugin"


@pytest.fixture(autouse=True)
def tiny_on_path(monkeypatch):
    monkeypatch.syspath_prepend(TINY)


def offering(*components, name="fake", distribution="nasframe-fake", **hooks):
    module = types.ModuleType(name)

    @nasframe.hookimpl
    def nasframe_components():
        return components

    module.nasframe_components = nasframe_components
    for hook, function in hooks.items():
        setattr(module, hook, nasframe.hookimpl(function))
    return Plugin(name, distribution, "2.0", lambda: module)


def tiny():
    import nasframe_tiny

    return Plugin("tiny", "nasframe-tiny", "1.0", lambda: nasframe_tiny)


def soft(target="nasframe_tiny_parts:Soft", kind="space", name="soft"):
    return nasframe.Component(kind, name, target, "a component")


def raising(error):
    def load():
        raise error

    return Plugin("broken", "nasframe-broken", "0.3", load)


def reason(plugin):
    registry = Registry([tiny(), plugin])
    assert [failure.plugin for failure in registry.failures] == [plugin]
    assert registry.names("space") == ["hard", "soft"], "the others work"
    return registry.failures[0].reason


def test_an_installed_plugin_is_discovered_by_its_entry_point():
    registry = Registry.discover()
    found = registry.get("space", "soft")
    assert (found.distribution, found.version, found.value.name) == ("nasframe-tiny", "1.0", "soft")
    assert registry.get("genotype", "hard-best").value.options == {"filters": 6}


def test_plugins_are_left_out_by_argument_and_by_environment(monkeypatch):
    assert "soft" not in Registry.discover(disabled=["tiny"]).names("space")
    monkeypatch.setenv("NASFRAME_DISABLE_PLUGINS", "other, tiny")
    registry = Registry.discover()
    assert "soft" not in registry.names("space")
    assert [plugin.name for plugin in registry.disabled] == ["tiny"]


@pytest.mark.parametrize("error", [ImportError("no module of mine"), SystemExit("bye"), SyntaxError("what")])
def test_a_plugin_that_cannot_be_imported_is_a_failure_and_the_rest_work(error):
    assert reason(raising(error)) == f"{type(error).__name__}: {error}"


def test_a_hook_that_raises_is_a_failure():
    def nasframe_components():
        raise ZeroDivisionError("of mine")

    assert reason(offering(nasframe_components=nasframe_components)) == "ZeroDivisionError: of mine"


def test_a_misspelt_hook_is_a_failure():
    assert "nasframe_componnets" in reason(offering(soft(), nasframe_componnets=lambda: []))


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ("soft", "no nasframe.Component"),
        (soft(kind="spice"), "unknown kind 'spice'"),
        (soft(name="Soft Space"), "lower-case letters"),
        (soft(target="nasframe_tiny_parts.Soft"), "package.module:Object"),
    ],
)
def test_a_declaration_that_is_no_component_is_a_failure(declared, words):
    assert words in reason(offering(declared))


def test_two_components_of_one_name_are_an_error_that_names_both_distributions():
    registry = Registry([tiny(), offering(soft())])
    for look_up in (lambda: registry.get("space", "soft"), registry.require_unambiguous):
        with pytest.raises(nasframe.PluginError) as caught:
            look_up()
        assert "nasframe-tiny 1.0" in str(caught.value)
        assert "nasframe-fake 2.0" in str(caught.value)
    assert registry.get("space", "hard").value.name == "hard"


def test_two_distributions_may_call_their_entry_points_alike():
    other = offering(soft(name="hard", kind="strategy"), name="tiny")
    assert Registry([tiny(), other]).names("strategy") == ["gradient", "guess", "hard"]


@pytest.mark.parametrize(
    ("component", "words"),
    [
        (soft("nasframe_missing:Soft", name="x"), "No module named 'nasframe_missing'"),
        (soft("nasframe_tiny_parts:Missing", name="x"), "the module has no 'Missing'"),
        (soft("nasframe_tiny_parts:Guess", name="x"), "no subclass of nasframe.SearchSpace"),
        (soft("nasframe_tiny_parts:BEST", name="x"), "no subclass of nasframe.SearchSpace"),
        (soft("nasframe:SearchSpace", name="x"), "is abstract: it lacks build, decide, graph"),
        (soft(name="x"), "has the name 'soft', but is declared as 'x'"),
        (soft(kind="genotype", name="x"), "not a GenotypeRecord"),
        (soft("nasframe_tiny_parts:Guess", "engine", "x"), "no subclass of nasframe.plugin.engine.Engine"),
        (soft("nasframe.plugin.engine:Engine", "engine", "x"), "is abstract: it lacks __init__, close, next, submit"),
        (soft("nasframe.run.candidates.processes:Processes", "engine", "x"), "has the name 'process', but is declared"),
    ],
)
def test_a_wrong_target_is_an_error_that_names_the_distribution(component, words):
    registry = Registry([offering(component)])
    with pytest.raises(nasframe.PluginError) as caught:
        registry.get(component.kind, "x")
    assert words in str(caught.value)
    assert "nasframe-fake 2.0" in str(caught.value)


def test_an_option_called_type_is_refused():
    from nasframe_tiny_parts import Hard

    class Typed(Hard):
        name = "typed"

        class Options(nasframe.Options):
            type: str = "x"
            """Clashes with the name of the component."""

    module = types.ModuleType("nasframe_typed")
    module.Typed = Typed
    sys.modules["nasframe_typed"] = module
    with pytest.raises(nasframe.PluginError, match="an option called 'type'"):
        Registry([offering(soft("nasframe_typed:Typed", name="typed"))]).get("space", "typed")


def test_an_unknown_name_gives_the_nearest_and_what_exists():
    with pytest.raises(nasframe.PluginError) as caught:
        Registry([tiny()]).get("strategy", "gradeint")
    assert str(caught.value) == (
        "no strategy is called 'gradeint'; did you mean 'gradient'? (installed: gradient, guess)"
    )


def test_an_unknown_name_mentions_plugins_that_could_have_offered_it():
    registry = Registry([raising(ImportError("libx")), tiny()], disabled=["tiny"])
    with pytest.raises(nasframe.PluginError) as caught:
        registry.get("space", "soft")
    assert "nasframe-broken 0.3" in str(caught.value)
    assert "ImportError: libx" in str(caught.value)
    assert "disabled: tiny" in str(caught.value)


def test_two_registries_share_nothing():
    assert {offer.plugin.name for offer in Registry([tiny()]).offers} == {"tiny", CORE.name}
    assert {offer.plugin for offer in Registry([]).offers} == {CORE}


def test_every_registry_has_the_cores_engine_and_nothing_else_of_the_core():
    registry = Registry([], disabled=["nasframe"])
    assert {kind: registry.names(kind) for kind in KINDS if registry.names(kind)} == {"engine": ["process"]}
    found = registry.get("engine", "process")
    assert (found.distribution, found.version, found.value.name) == ("nasframe", nasframe.__version__, "process")
    assert (registry.active, registry.disabled) == ([], [])


def test_a_second_engine_called_process_is_an_error_that_says_how_to_leave_it_out():
    other = offering(soft("nasframe_tiny_parts:Other", "engine", "process"))
    with pytest.raises(nasframe.PluginError, match=r"plug-in 'nasframe' \(nasframe .*'-p no:fake'"):
        Registry([other]).require_unambiguous()


def test_discovering_imports_no_component():
    code = (
        "from nasframe.plugin.registry import Registry; import sys; names = Registry.discover().names('space');"
        "assert 'soft' in names, names; assert not {'nasframe_tiny_parts', 'torch'} & set(sys.modules)"
    )
    path = os.pathsep.join([str(TINY), os.environ.get("PYTHONPATH", "")])
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": path})
