"""Render chat templates in a process of its own: `python -m tokenworks.workflows.doctor.render`.

Reads JSON from standard input: {"template", "variables", "conversations": [{"messages",
"add_generation_prompt"}]} and writes [{"text"} or {"error", "raised"}]. Templates come from
strangers, so they run in Jinja's immutable sandbox, and the caller kills the process when one
loops; memory is limited where the system can.
"""

from __future__ import annotations

import json
import sys
from typing import Any

MEMORY = 1 << 30


def environment() -> Any:
    """Jinja as transformers sets it up: sandboxed, with its filters, `generation` blocks and errors."""
    from datetime import UTC, datetime

    from jinja2 import TemplateError, nodes
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """`{% generation %}...{% endgeneration %}`, which only marks assistant text."""

        tags = {"generation"}  # noqa: RUF012 - the attribute Jinja reads

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body, lineno=line)

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    def tojson(
        value: Any,
        ensure_ascii: bool = False,
        indent: int | None = None,
        separators: Any = None,
        sort_keys: bool = False,
    ) -> str:
        return json.dumps(
            value,
            ensure_ascii=ensure_ascii,
            indent=indent,
            separators=separators,
            sort_keys=sort_keys,
        )

    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    # A fixed day: the report must not depend on when it is made.
    env.globals["strftime_now"] = lambda form: datetime(2025, 1, 1, tzinfo=UTC).strftime(form)
    return env


def render(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Render every conversation; errors are returned with the name of their class."""
    from jinja2 import TemplateError, TemplateSyntaxError

    try:
        template = environment().from_string(job["template"])
    except TemplateSyntaxError as error:
        return [{"error": str(error), "syntax": True, "line": error.lineno}]
    out: list[dict[str, Any]] = []
    for conversation in job["conversations"]:
        try:
            out.append({"text": template.render(**job["variables"], **conversation)})
        except TemplateError as error:
            out.append({"error": f"{error}", "raised": type(error).__name__})
        except Exception as error:  # a template can raise whatever its filters raise
            out.append(
                {"error": f"{type(error).__name__}: {error}", "raised": type(error).__name__}
            )
    return out


def main() -> None:
    """Read a job, limit the memory, write the results."""
    job = json.load(sys.stdin)
    import jinja2.sandbox  # noqa: F401 - before the limit, which counts mapped libraries

    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, ValueError, OSError):
        pass
    json.dump(render(job), sys.stdout)


if __name__ == "__main__":
    main()
