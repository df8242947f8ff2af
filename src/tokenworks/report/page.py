"""One self-contained HTML file from a template: no font, script or style comes from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup


def _source(name: str) -> str:
    return files("tokenworks.report").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,  # texts and token spellings are hostile input
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["include_raw"] = lambda name: Markup(_source(name))
    return environment


def render(template: str, **values: Any) -> str:
    """The HTML text of a template of this package, every value escaped."""
    return _environment().get_template(template).render(**values)
