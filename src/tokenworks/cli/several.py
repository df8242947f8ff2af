"""Options that take several values at once: `--on a.txt b.txt`, as well as `--on a.txt --on b.txt`.

Such an option says so by a metavar that ends in three dots; its values go on to the next option. Where
an argument of the verb is then missing, as in `--on a.txt gpt2`, each such option has one value.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from typer.core import TyperCommand


class VerbCommand(TyperCommand):
    """A command whose options may take several values."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        names = {
            name
            for parameter in self.params
            if str(parameter.metavar or "").endswith("...")
            and getattr(parameter, "multiple", False)
            for name in parameter.opts
        }
        spelled_out = list(repeated(args, names))
        if spelled_out == args:
            return super().parse_args(ctx, args)
        try:
            return super().parse_args(ctx, spelled_out)
        except Exception as error:
            if getattr(getattr(error, "param", None), "param_type_name", "") != "argument":
                raise
        return super().parse_args(ctx, args)


def repeated(arguments: Sequence[str], names: Collection[str]) -> Iterator[str]:
    """The arguments with the name of an option before each of its values.

    >>> list(repeated(["gpt2", "--on", "a", "b", "-o", "page"], ["--on"]))
    ['gpt2', '--on', 'a', '--on', 'b', '-o', 'page']
    """
    current, held = "", 0  # the option whose values come, and how many it has
    for number, argument in enumerate(arguments):
        if argument == "--":
            yield from arguments[number:]
            return
        if argument.startswith("-") and argument != "-":
            name, equals, _ = argument.partition("=")
            current, held = (name if name in names else ""), int(bool(equals))
        elif current:
            if held:
                yield current
            held += 1
        yield argument
