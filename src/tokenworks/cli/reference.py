"""The reference of the command line as Markdown, made from the verbs themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from tokenworks.cli.frame import PROGRAM, command_of
from tokenworks.cli.settings import PANEL
from tokenworks.cli.verb import Verb


def markdown(verbs: Mapping[str, Verb]) -> str:
    """One section per verb with its arguments and options; the common options come once."""
    lines = [
        "# Command line",
        "",
        "A tokenizer is named by a path, an embedded name (`tokenworks count gpt2 README.md`), or",
        "`hf://org/name`, the only spelling that may touch the network. Results go to standard",
        "output, progress and errors to standard error. The exit code is 0 where all is well, 1 for",
        "a finding or a difference, 2 for a wrong option or input.",
        "",
    ]
    common: Any = None
    for name, verb in verbs.items():
        module, _, attribute = verb.target.partition(":")
        command = command_of(getattr(import_module(module), attribute), name, verb.summary)
        leaves = getattr(command, "commands", None)
        if leaves:
            lines += [f"## {name}", "", command.help or "", ""]
            for inner, leaf in leaves.items():
                lines += _section(leaf, f"{name} {inner}", "###")
        else:
            lines += _section(command, name, "##")
        common = common or (next(iter(leaves.values())) if leaves else command)
    if common is not None:
        lines += ["## Common options", "", "Every verb takes these, before or after its name.", ""]
        lines += _options([item for item in common.params if _is_common(item)])
    return "\n".join(lines) + "\n"


def _is_common(parameter: Any) -> bool:
    return getattr(parameter, "rich_help_panel", None) == PANEL


def _section(command: Any, path: str, level: str) -> Iterator[str]:
    arguments = [item for item in command.params if item.param_type_name == "argument"]
    options = [
        item for item in command.params if item.param_type_name == "option" and not _is_common(item)
    ]
    usage = " ".join(_placeholder(item) for item in arguments)
    flags = " [OPTIONS]" if options else ""
    yield from (f"{level} {path}", "", "```", f"{PROGRAM} {path}{flags} {usage}".rstrip(), "```")
    yield from ("", inspect.cleandoc(command.help or ""), "")
    if arguments:
        yield from ("| argument | |", "|---|---|")
        yield from (f"| `{_placeholder(item)}` | {item.help or ''} |" for item in arguments)
        yield ""
    if options:
        yield from _options(options)


def _options(options: list[Any]) -> Iterator[str]:
    yield from ("| option | | default |", "|---|---|---|")
    for item in options:
        names = ", ".join(f"`{name}`" for name in (*item.opts, *item.secondary_opts))
        default = item.default
        shown = "" if default in (None, False, (), []) else f"`{default}`"
        yield f"| {names} | {(item.help or '').replace('|', chr(92) + '|')} | {shown} |"
    yield ""


def _placeholder(parameter: Any) -> str:
    name = (parameter.name or "").upper()
    name = f"{name}..." if parameter.nargs == -1 else name
    return name if parameter.required else f"[{name}]"
