"""A new experiment file: every option with its default, and its documentation as a comment."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Container
from typing import Any, TypeGuard

from pydantic import BaseModel

from nasframe.errors import CapabilityError, PluginError
from nasframe.experiment.experiment import Identity
from nasframe.experiment.finalists import FINALISTS
from nasframe.experiment.ledger import LEDGER
from nasframe.experiment.run_options import RunOptions
from nasframe.experiment.schema import Schema
from nasframe.experiment.sections import SECTIONS, Section
from nasframe.experiment.terms import Terms, term_keys
from nasframe.experiment.variables import escape
from nasframe.files.yaml_text import dump_inline
from nasframe.plugin.compatibility import misfits, refusals
from nasframe.plugin.registry import Found, Registry
from nasframe.strategy import Wrapping

WIDTH = 100
PLACEHOLDER = "CHANGE-ME"


def choose_parts(registry: Registry, names: dict[Section, str | None]) -> list[Found[Any]]:
    """The space, the evaluator and the strategy with the given names; for ``None`` the first that fits the others.

    Raises:
        PluginError: a name is unknown, or no component of a kind is installed.
        CapabilityError: they cannot work together.
    """
    candidates: list[list[Found[Any]]] = []
    for section in SECTIONS:
        name = names.get(section)
        found: list[Found[Any]] = registry.usable(section) if name is None else [registry.get(section, name)]
        if not found:
            raise PluginError(f"no {section} is installed; install a plug-in that offers one")
        candidates.append(found)
    tried = [list(parts) for parts in itertools.product(*candidates)]
    for parts in tried:
        if not _obstacles(registry, *parts):
            return parts
    raise CapabilityError(" ".join(_obstacles(registry, *tried[0])))


def _obstacles(registry: Registry, space: Found[Any], evaluator: Found[Any], strategy: Found[Any]) -> list[str]:
    return [*misfits(registry, space, evaluator), *refusals(registry, space, evaluator, strategy)]


def experiment_text(parts: list[Found[Any]], name: str) -> str:
    """The file: YAML that ``nasframe check`` accepts; options without a default get a placeholder."""
    lines = ["# An experiment: `nasframe check FILE` checks this file, `nasframe run FILE` runs it."]
    lines += _mapping(Identity, {"name": name}, 0)
    for section, part in zip(SECTIONS, parts, strict=True):
        lines += ["", f"{section}:", *_comment(f"{part.component.summary} ({part.distribution} {part.version})", 2)]
        lines += [f"  type: {part.component.name}", *_over(part), *_mapping(part.value.Options, {}, 2)]
    terms = term_keys(parts[-1].value)
    if terms:
        lines += ["", *_comment("On what terms networks are found.", 0), *_mapping(Terms, {}, 0, terms)]
    about = "How many of the best genotypes are compared by trainings at the end, or a mapping; null: none are."
    lines += ["", *_comment(about, 0), f"{FINALISTS}: null"]
    about = "Whether it is measured what is lost between a supernet and the retrained network: true, or a mapping."
    lines += ["", *_comment(about, 0), f"{LEDGER}: null"]
    lines += ["", *_comment("What differs in retraining the genotype that was found; null: it is not retrained.", 0)]
    lines += ["retrain:", *_comment("Options of the space, like those above.", 2), "  space: {}"]
    lines += [*_comment("Options of the evaluator, like those above.", 2), "  evaluator: {}"]
    return "\n".join([*lines, "", "run:", *_mapping(RunOptions, {}, 2)]) + "\n"


def _over(part: Found[Any]) -> list[str]:
    """The line of the strategy that this one wraps, if it does."""
    if not issubclass(part.value, Wrapping):
        return []
    about = "REQUIRED, change this: The strategy whose candidates it takes: its name, or a mapping with its options."
    return [*_comment(about, 2), f"  over: {PLACEHOLDER}"]


def _mapping(
    model: type[BaseModel], given: dict[str, Any], indent: int, only: Container[str] | None = None
) -> list[str]:
    """The lines of a mapping of options: each with its documentation above it.

    Args:
        only: the options that are shown; None: all.
    """
    schema = model.model_json_schema()
    values = {**_defaults(model, schema), **given}
    lines: list[str] = []
    for name, field in model.model_fields.items():
        if only is not None and name not in only:
            continue
        allowed = limits(schema["properties"][name])
        text = " ".join((field.description or "").split()) + (f" [{allowed}]" if allowed else "")
        missing = field.is_required() and name not in given
        lines += _comment(f"REQUIRED, change this: {text}" if missing else text, indent)
        if _is_model(field.annotation) and values[name]:
            inner = {} if missing else values[name]
            lines += [" " * indent + f"{name}:", *_mapping(field.annotation, inner, indent + 2)]
        else:
            lines.append(" " * indent + f"{name}: {dump_inline(escape(values[name]))}")
    return lines


def _is_model(annotation: Any) -> TypeGuard[type[BaseModel]]:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _comment(text: str, indent: int) -> list[str]:
    start = " " * indent + "# "
    return textwrap.wrap(text, WIDTH, initial_indent=start, subsequent_indent=start, break_long_words=False)


def _defaults(model: type[BaseModel], schema: Schema) -> dict[str, Any]:
    """All options as plain data, with placeholders for those without a default."""
    placeholders = {
        name: placeholder(schema["properties"][name], schema.get("$defs", {})) for name in schema.get("required", [])
    }
    values: dict[str, Any] = model.model_construct(**placeholders).model_dump(mode="json", warnings=False)
    return values


def limits(spec: Schema) -> str:
    """What a field's schema allows, in words: ``one of a, b``, ``> 0, <= 1``; empty: anything of its type."""
    if "enum" in spec:
        return "one of " + ", ".join(dump_inline(value) for value in spec["enum"])
    signs = {"exclusiveMinimum": ">", "minimum": ">=", "exclusiveMaximum": "<", "maximum": "<="}
    bounds = [f"{sign} {spec[key]}" for key, sign in signs.items() if key in spec]
    inner = [limits(choice) for choice in spec.get("anyOf", [])]
    return ", ".join(bounds) or " or ".join(filter(None, inner))


def placeholder(spec: Schema, definitions: Schema) -> Any:
    """A value that a field's schema allows, whatever it means."""
    if "$ref" in spec:
        return placeholder(definitions[spec["$ref"].rpartition("/")[2]], definitions)
    if "const" in spec or "enum" in spec:
        return spec["const"] if "const" in spec else spec["enum"][0]
    for union in ("anyOf", "oneOf", "allOf"):
        if union in spec:
            return placeholder(spec[union][0], definitions)
    match spec.get("type"):
        case "integer" | "number":
            return int(_number(spec)) if spec["type"] == "integer" else _number(spec)
        case "array":
            items = spec.get("prefixItems") or [spec.get("items", {})] * spec.get("minItems", 0)
            return [placeholder(item, definitions) for item in items]
        case "object":
            required = spec.get("required", [])
            return {name: placeholder(spec["properties"][name], definitions) for name in required}
        case kind:
            return {"boolean": False, "null": None}.get(str(kind), PLACEHOLDER)


def _number(spec: Schema) -> float:
    """A number within the bounds; between them where there are two and fractions are allowed."""
    low = spec.get("minimum", spec.get("exclusiveMinimum"))
    high = spec.get("maximum", spec.get("exclusiveMaximum"))
    if low is not None and high is not None and spec["type"] == "number":
        return float((low + high) / 2)
    if low is not None:
        return float(low) + 1 if "exclusiveMinimum" in spec else float(low)
    return 1 if high is None else float(high) - 1
