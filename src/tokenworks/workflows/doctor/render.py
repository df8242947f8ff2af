"""Render chat templates in a process of its own: `python -m tokenworks.workflows.doctor.render`.

Reads JSON from standard input: {"template", "variables", "conversations": [{"messages",
"add_generation_prompt"}]} and writes [{"text"} or {"error", "raised"}]. Templates come from
strangers, so they run in Jinja's immutable sandbox, and the caller kills the process when one
loops; memory is limited where the system can.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any

from tokenworks.tokenizer.templates import environment

MEMORY = 1 << 30


def _environment() -> Any:
    from jinja2 import TemplateError

    def refuse(message: str) -> None:
        raise TemplateError(message)

    # A fixed day: the report must not depend on when it is made.
    return environment(refuse, lambda: datetime(2025, 1, 1, tzinfo=UTC))


def render(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Render every conversation; errors are returned with the name of their class."""
    from jinja2 import TemplateError, TemplateSyntaxError

    try:
        template = _environment().from_string(job["template"])
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
