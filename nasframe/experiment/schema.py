"""The JSON Schema of experiment files, built from the components that are installed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema

from nasframe.errors import PluginError
from nasframe.experiment.composition import OWN
from nasframe.experiment.experiment import SUPERNET, Identity
from nasframe.experiment.finalists import FINALISTS, Finalists
from nasframe.experiment.given_genotype import GENOTYPE
from nasframe.experiment.ledger import LEDGER, Ledger
from nasframe.experiment.run_options import RunOptions
from nasframe.experiment.sections import SECTIONS
from nasframe.experiment.terms import Terms
from nasframe.plugin.registry import Found, Registry
from nasframe.strategy import Wrapping

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]


def json_schema(registry: Registry) -> Schema:
    """The schema of an experiment file (draft 2020-12).

    The ``type`` of a section decides which other keys it may have. A file that extends another need not be
    complete. Components that cannot be imported are left out.

    Raises:
        PluginError: a component has options that JSON Schema cannot express.
    """
    definitions: Schema = {"variable": {"type": "string", "pattern": r"\$\{"}}
    found = {section: registry.usable(section) for section in SECTIONS}
    for section, components in found.items():
        for component in components:
            _define(section, component, definitions)
    return {
        "$schema": DIALECT,
        "title": "nasframe experiment",
        "type": "object",
        "properties": {
            **options_schema(Identity, "identity", definitions)["properties"],
            "extends": _extends(),
            **{section: _section(section, components) for section, components in found.items()},
            GENOTYPE: _given(),
            **{key: _nullable(spec) for key, spec in options_schema(Terms, "terms", definitions)["properties"].items()},
            FINALISTS: _finalists(definitions),
            LEDGER: _ledger(definitions),
            "retrain": _retrain(),
            "run": _nullable(_run(registry, definitions)),
        },
        "patternProperties": {
            f"^{OWN}": {"description": "A file's own: what its anchors name. It means nothing here."}
        },
        "additionalProperties": False,
        "if": {"not": {"anyOf": [{"required": ["extends"]}, {"required": [GENOTYPE]}]}},
        "then": {
            "required": list(SECTIONS),
            "properties": {section: _complete(components) for section, components in found.items()},
        },
        "allOf": [
            _retrain_rule(section, component) for section in ("space", "evaluator") for component in found[section]
        ],
        "$defs": definitions,
    }


def options_schema(model: type[BaseModel], key: str, definitions: Schema) -> Schema:
    """The schema of a mapping of options, none of them required.

    Args:
        key: stands before the names of the models inside, so that two components' do not clash.
        definitions: gets the models inside.
    """
    schema = model.model_json_schema(ref_template=f"#/$defs/{key}.{{model}}")
    definitions.update({f"{key}.{name}": inner for name, inner in schema.pop("$defs", {}).items()})
    schema["properties"] = {name: _or_variable(spec) for name, spec in schema.get("properties", {}).items()}
    schema.pop("required", None)
    return schema


def _define(section: str, component: Found[Any], definitions: Schema) -> None:
    name = component.component.name
    try:
        schema = options_schema(component.value.Options, f"{section}.{name}", definitions)
    except PydanticInvalidForJsonSchema as error:
        raise PluginError(
            f"{section} {name!r} ({component.distribution} {component.version}) has options that JSON Schema "
            f"cannot express: {error.message}"
        ) from error
    if section == "strategy" and issubclass(component.value, Wrapping):
        schema["properties"]["over"] = {
            "description": "The strategy whose candidates it takes: its name, or its 'type' with options.",
            "type": ["string", "object"],
        }
    schema["properties"]["type"] = {"const": name, "description": component.component.summary}
    definitions[f"{section}.{name}"] = schema


def _or_variable(spec: Schema) -> Schema:
    """A string that holds an environment variable may stand for any value."""
    about: Schema = {key: spec[key] for key in ("title", "description", "default") if key in spec}
    rest = {key: value for key, value in spec.items() if key not in about}
    return spec if rest == {"type": "string"} else {**about, "anyOf": [rest, {"$ref": "#/$defs/variable"}]}


def _section(section: str, components: Sequence[Found[Any]]) -> Schema:
    names = [component.component.name for component in components]
    chosen: Schema = {"anyOf": [{"enum": names}, {"$ref": "#/$defs/variable"}]}
    rules = [
        {"if": _is_type(name), "then": {"$ref": f"#/$defs/{section}.{name}"}} for name in names
    ]  # rather than oneOf: an editor then names the one wrong key, not every component that does not fit
    return {
        "description": f"The {section}: its name as 'type', and its options; or only its name.",
        "type": ["object", "string"],
        "if": {"type": "object"},
        "then": {"properties": {"type": chosen}, **({"allOf": rules} if rules else {})},
        "else": chosen,
    }


def _complete(components: Sequence[Found[Any]]) -> Schema:
    """What a section must have in a file that extends no other."""
    rules = []
    for component in components:
        fields = component.value.Options.model_fields
        required = [name for name, field in fields.items() if field.is_required()]
        required += ["over"] if issubclass(component.value, Wrapping) else []
        if required:
            rules.append({"if": _is_type(component.component.name), "then": {"required": required}})
    complete = {"required": ["type"], **({"allOf": rules} if rules else {})}
    return {"if": {"type": "object"}, "then": complete}


def _extends() -> Schema:
    path = {"type": "string"}
    return {
        "description": "Experiment files that this one builds on, relative to it; later ones win, this one most.",
        "anyOf": [path, {"type": "array", "items": path}, {"type": "null"}],
    }


def _given() -> Schema:
    return {
        "description": "A genotype that is retrained instead of searched: a published name, a file, or its decisions.",
        "type": ["string", "object", "null"],
        "if": {"type": "object"},
        "then": {"required": ["space", "decisions"]},
    }


def _finalists(definitions: Schema) -> Schema:
    schema = options_schema(Finalists, FINALISTS, definitions)
    return {
        "description": "How many of the search's best genotypes are compared by trainings at its end, or all of this.",
        "type": ["integer", "object", "null"],
        "minimum": 2,
        "properties": schema["properties"],
        "additionalProperties": False,
    }


def _ledger(definitions: Schema) -> Schema:
    return {
        "description": "Whether the gap ledger is kept: true, the share of a retraining that it costs, or all of this.",
        "type": ["boolean", "number", "object", "null"],
        "exclusiveMinimum": 0,
        "maximum": 1,
        "properties": options_schema(Ledger, LEDGER, definitions)["properties"],
        "additionalProperties": False,
    }


def _run(registry: Registry, definitions: Schema) -> Schema:
    schema = options_schema(RunOptions, "run", definitions)
    engine = {key: value for key, value in schema["properties"]["engine"].items() if key != "type"}
    schema["properties"]["engine"] = _or_variable({**engine, "enum": registry.names("engine")})
    return schema


def _retrain() -> Schema:
    overrides: Schema = {"type": ["object", "null"]}
    weights = {
        "description": f"Start from fresh, random weights; from {SUPERNET}, what the search has learned; from a file.",
        "type": ["string", "null"],
    }
    return {
        "description": "Options of the space and the evaluator that differ in retraining; null: no retraining.",
        "type": ["object", "null"],
        "properties": {"space": overrides, "evaluator": overrides, "weights": weights},
        "additionalProperties": False,
    }


def _retrain_rule(section: str, component: Found[Any]) -> Schema:
    name = component.component.name
    overrides = _nullable({"$ref": f"#/$defs/{section}.{name}"})
    return {
        "if": {
            "required": [section],
            "properties": {section: {"anyOf": [{"const": name}, {"type": "object", **_is_type(name)}]}},
        },
        "then": {"properties": {"retrain": {"properties": {section: overrides}}}},
    }


def _is_type(name: str) -> Schema:
    return {"required": ["type"], "properties": {"type": {"const": name}}}


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}
