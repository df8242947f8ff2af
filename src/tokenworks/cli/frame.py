"""The frame of the command line: verbs loaded on demand, and one line for every kind of failure."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from tokenworks import __version__
from tokenworks.cli.settings import common_options, reset, settings
from tokenworks.cli.several import VerbCommand
from tokenworks.cli.verb import Verb
from tokenworks.errors import TokenworksError, TokenworksWarning

PROGRAM = "tokenworks"
DESCRIPTION = "Make, measure, verify and move tokenizers, with the evidence on screen."
EXIT_INPUT = 2
EXIT_BUG = 70  # sysexits' EX_SOFTWARE: our mistake, apart from a finding (1) and bad input (2)
EXIT_INTERRUPTED = 130
EXIT_PIPE = 141
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
CONTEXT = {"help_option_names": ["-h", "--help"]}


def command_of(item: Any, name: str, summary: str) -> Any:
    """The command (or group) of a verb's function or `typer.Typer`, with the common options."""
    if isinstance(item, typer.Typer):
        app = item
    else:
        app = typer.Typer(add_completion=False)
        app.command(cls=VerbCommand, context_settings=CONTEXT)(item)
    command = typer.main.get_command(app)
    command.name = name
    details = command.help or ""
    if not details.startswith(summary.rstrip(".")):  # a docstring may go on where the table ends
        command.help = f"{summary}\n\n{details}".strip()
    leaves = getattr(command, "commands", None)
    for leaf in leaves.values() if leaves else [command]:
        taken = {option for parameter in leaf.params for option in parameter.opts}
        for parameter in common_options():
            if not taken & set(parameter.opts):
                leaf.params.append(parameter)
    return command


def _placeholder(name: str, summary: str) -> Any:
    def nothing() -> None: ...

    app = typer.Typer(add_completion=False)
    app.command(name, help=summary)(nothing)
    command = typer.main.get_command(app)
    command.name = name
    return command


class LazyGroup(TyperGroup):
    """The verbs; only the one that is run gets imported, the help shows the rest from the table."""

    verbs: Mapping[str, Verb] = {}  # set once by `run`
    _helping = False

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.verbs)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        verb = self.verbs.get(cmd_name)
        if verb is None:
            return None
        if self._helping:
            return _placeholder(cmd_name, verb.summary)
        module, _, name = verb.target.partition(":")
        return command_of(getattr(import_module(module), name), cmd_name, verb.summary)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self._helping = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._helping = False

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.verbs and not args[0].startswith("-"):
            near = get_close_matches(args[0], list(self.verbs), n=2, cutoff=0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else "`tokenworks -h` lists them"
            raise UsageError(f"there is no verb {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)


class UsageError(TokenworksError):
    """The command line itself is wrong."""


def _show_version(value: bool) -> None:
    if value:
        print(f"{PROGRAM} {__version__}")
        raise typer.Exit


def build(verbs: Mapping[str, Verb]) -> Any:
    """The command line over these verbs."""
    app = typer.Typer(
        cls=LazyGroup,
        add_completion=False,
        help=DESCRIPTION,
        context_settings=CONTEXT,
        no_args_is_help=True,
        rich_markup_mode="rich",
    )

    @app.callback()
    def root(
        version: bool = typer.Option(
            False, "--version", callback=_show_version, is_eager=True, help="Print the version."
        ),
    ) -> None: ...

    group = typer.main.get_command(app)
    group.verbs = verbs  # type: ignore[attr-defined]
    group.params.extend(common_options())
    return group


def run(verbs: Mapping[str, Verb], arguments: Sequence[str] | None = None) -> int:
    """Run one command line; every failure becomes one line on stderr and an exit code."""
    debug = os.environ.get("TOKENWORKS_DEBUG", "") not in {"", "0"}
    reset()
    try:
        given = list(sys.argv[1:] if arguments is None else arguments)
        with warnings.catch_warnings():
            if not debug:
                warnings.showwarning = _warn
            code = build(verbs).main(args=given, prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
        if code == EXIT_INTERRUPTED:  # typer turns the interrupt of a verb into this code
            return _fail("interrupted", EXIT_INTERRUPTED)
        return code if isinstance(code, int) else 0
    except typer.Abort:
        return _fail("interrupted", EXIT_INTERRUPTED)
    except KeyboardInterrupt:
        return _fail("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        return _end_pipe()
    except SystemExit:
        # Verbs leave by typer.Exit; what still exits are rich and typer over a closed pipe.
        return _end_pipe()
    except Exception as error:
        if debug:
            raise
        return _explain(error)


def _end_pipe() -> int:
    # The reader has gone (`tokenworks ... | head`): the interpreter must not flush into it again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_PIPE


def _explain(error: Exception) -> int:
    show_usage = getattr(error, "format_message", None)
    if show_usage is not None:  # a usage error of typer
        context = getattr(error, "ctx", None)
        if type(error).__name__ == "NoArgsIsHelpError":
            print(show_usage(), file=sys.stderr)
            return EXIT_INPUT
        path = getattr(context, "command_path", PROGRAM)
        return _fail(f"{show_usage().rstrip('.')}; see `{path} -h`", EXIT_INPUT)
    if isinstance(error, TokenworksError):
        return _fail(str(error), EXIT_INPUT)
    if isinstance(error, OSError) and error.filename is not None:
        return _fail(f"{error.filename}: {error.strerror or error}", EXIT_INPUT)
    if isinstance(error, OSError) and error.errno in _FULL:
        # Buffered output is still there: the interpreter must not try to flush it again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _fail(f"cannot write the output: {error.strerror}", EXIT_INPUT)
    if isinstance(error, MemoryError):
        return _fail("out of memory", EXIT_INPUT)
    kind = type(error).__name__
    return _fail(
        f"a mistake in tokenworks ({kind}: {error}); TOKENWORKS_DEBUG=1 shows where", EXIT_BUG
    )


def _warn(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    # What other libraries warn of is for their callers, which are we and not the user.
    if issubclass(category, TokenworksWarning) and not settings().quiet:
        print(f"warning: {_printable(' '.join(str(message).split(chr(10))))}", file=sys.stderr)


def _fail(message: str, code: int) -> int:
    line = " ".join(message.split("\n"))
    print(f"error: {_printable(line)}", file=sys.stderr)
    return code


def _printable(line: str) -> str:
    # Names of files and tokens are hostile text: no control characters reach the terminal.
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
    encoding = sys.stderr.encoding or "utf-8"
    return shown.encode(encoding, "backslashreplace").decode(encoding)
