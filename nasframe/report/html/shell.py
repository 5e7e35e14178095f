"""What every page has: its style and its script, links to its sections, and that it asks for nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib.resources import files

from nasframe.report.html.markup import Child, Markup, tag

Section = tuple[str, str, Markup]
"""Identifier, title, content."""


def whole_page(title: str, header: Markup, sections: Sequence[Section], footer: str, *after: Child) -> str:
    """A page as one file.

    Args:
        title: of the window.
        header: what stands above the links to the sections.
        footer: one sentence.
        after: data for the script.
    """
    style, script = (Markup(_resource(name)) for name in ("report.css", "report.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", style),
    )
    links = tag("ul", (tag("li", tag("a", title, href=f"#{key}")) for key, title, _ in sections))
    body = tag(
        "body",
        tag("a", "Skip to the report", href="#report", class_="skip-link"),
        header,
        tag("nav", links, aria_label="Sections"),
        tag("main", (_section(*section) for section in sections), id="report"),
        tag("footer", tag("p", footer)),
        *after,
        tag("script", script),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def _section(key: str, title: str, content: Markup) -> Markup:
    return tag("section", tag("h2", title, id=f"{key}-title"), content, id=key, aria_labelledby=f"{key}-title")


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
