"""The options that every verb takes: `--json`, `--quiet`, `--seed`, `--offline`.

They are added to each command by the frame, before or after the verb; a verb reads them with
`settings()` and never declares them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated, Any

import typer


@dataclass(slots=True)
class Settings:
    """What the common options said."""

    json: bool = False
    quiet: bool = False
    seed: int = 0
    offline: bool = False


_current = Settings()


def settings() -> Settings:
    """The common options of the running command."""
    return _current


def reset() -> None:
    """Forget what an earlier command of this process was told."""
    fresh = Settings(offline=os.environ.get("TOKENWORKS_OFFLINE", "") not in {"", "0"})
    for field in ("json", "quiet", "seed", "offline"):
        setattr(_current, field, getattr(fresh, field))


def _keep(parameter: typer.CallbackParam, value: Any) -> Any:
    if value is not None and parameter.name:
        setattr(_current, parameter.name, value)
    return value


PANEL = "Common options"


def _flag(name: str, help_: str) -> Any:
    return typer.Option(
        name,
        callback=_keep,
        expose_value=False,
        help=help_,
        show_default=False,
        rich_help_panel=PANEL,
    )


def carrier(
    json: Annotated[bool | None, _flag("--json", "Print the result as JSON.")] = None,
    quiet: Annotated[bool | None, _flag("--quiet", "No progress and no notes.")] = None,
    seed: Annotated[int | None, _flag("--seed", "Seed of every random choice.")] = None,
    offline: Annotated[
        bool | None, _flag("--offline", "Never touch the network, not even for hf:// names.")
    ] = None,
) -> None:
    """Never called: the frame takes its options and appends them to every verb."""


def common_options() -> list[Any]:
    """The four options as parameters to append to a command."""
    app = typer.Typer(add_completion=False)
    app.command()(carrier)
    names = {"json", "quiet", "seed", "offline"}
    return [item for item in typer.main.get_command(app).params if item.name in names]
