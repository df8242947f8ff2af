"""The command line's frame: help, common options, and one line for each kind of failure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tokenworks import cli
from tokenworks.cli import frame
from tokenworks.cli.output import emit, note, progress
from tokenworks.cli.settings import settings
from tokenworks.cli.verb import Verb
from tokenworks.errors import TokenworksError

SELF = __name__


def good(word: str = "x") -> None:
    """Works."""
    note("a note")
    with progress("working", 2) as advance:
        advance(1)
    emit({"word": word, "seed": settings().seed, "offline": settings().offline}, lambda: word)


def bad_input() -> None:
    """Refuses its input."""
    raise TokenworksError("file x: line 3\nis wrong \x1b[31m")


def broken() -> None:
    """Has a mistake."""
    raise RuntimeError("oops")


def absent() -> None:
    """Opens a file that is not there."""
    Path("no/such/file").read_bytes()


def warning() -> None:
    """Warns."""
    import warnings

    from tokenworks.errors import TokenworksWarning

    warnings.simplefilter("always")
    warnings.warn("mind\nthis", TokenworksWarning, stacklevel=1)
    warnings.warn("theirs", DeprecationWarning, stacklevel=1)


def interrupted() -> None:
    """Is interrupted."""
    raise KeyboardInterrupt


def finding() -> None:
    """Finds something."""
    import typer

    raise typer.Exit(1)


@pytest.fixture
def verbs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Verb]:
    monkeypatch.setitem(sys.modules, "frame_verbs", sys.modules[SELF])
    functions = ("good", "bad_input", "broken", "absent", "interrupted", "finding", "warning")
    return {
        name.replace("_", "-"): Verb(f"frame_verbs:{name}", f"Summary of {name}.")
        for name in functions
    }


def run(verbs: dict[str, Verb], *arguments: str) -> int:
    return frame.run(verbs, arguments)


def test_help_lists_every_verb_without_importing_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    verbs = {"later": Verb("no.such.module:thing", "Would fail to import.")}
    assert run(verbs, "--help") == 0
    shown = capsys.readouterr().out
    assert "later" in shown
    assert "Would fail to import." in shown


def test_version(verbs: dict[str, Verb], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(verbs, "--version") == 0
    assert capsys.readouterr().out.startswith("tokenworks 0.")


@pytest.mark.parametrize("arguments", [["--json", "good"], ["good", "--json"]])
def test_json_before_and_after_the_verb(
    verbs: dict[str, Verb], arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(verbs, *arguments, "--seed", "3", "--offline") == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"word": "x", "seed": 3, "offline": True}
    assert shown.err == "a note\n"


def test_settings_do_not_outlive_the_command(
    verbs: dict[str, Verb], capsys: pytest.CaptureFixture[str]
) -> None:
    run(verbs, "good", "--json", "--quiet")
    assert capsys.readouterr().err == ""
    run(verbs, "good", "--word", "y")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("y\n", "a note\n")


def test_offline_by_environment(
    verbs: dict[str, Verb],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TOKENWORKS_OFFLINE", "1")
    run(verbs, "good", "--json")
    assert json.loads(capsys.readouterr().out)["offline"] is True


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["bad-input"], 2, r"error: file x: line 3 is wrong \x1b[31m"),
        (["absent"], 2, "error: no/such/file: No such file or directory"),
        (["interrupted"], 130, "error: interrupted"),
        (["broken"], 70, "error: a mistake in tokenworks (RuntimeError: oops); "),
        (["godo"], 2, "error: there is no verb 'godo'; did you mean good?"),
        (["zzzzz"], 2, "error: there is no verb 'zzzzz'; `tokenworks -h` lists them"),
        (["good", "--sede", "3"], 2, "error: No such option: --sede"),
        (["good", "--seed", "many"], 2, "error: Invalid value for '--seed'"),
        (["good", "extra"], 2, "error: Got unexpected extra argument"),
    ],
)
def test_failures_are_one_line(
    verbs: dict[str, Verb],
    arguments: list[str],
    code: int,
    line: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(verbs, *arguments) == code
    shown = capsys.readouterr()
    assert shown.err.startswith(line)
    assert shown.err.count("\n") == 1
    assert shown.out == ""


def test_a_misspelt_option_gets_a_suggestion(
    verbs: dict[str, Verb], capsys: pytest.CaptureFixture[str]
) -> None:
    run(verbs, "good", "--jsno")
    assert "--json" in capsys.readouterr().err


def test_warnings_are_one_line(verbs: dict[str, Verb], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(verbs, "warning") == 0
    assert capsys.readouterr().err == "warning: mind this\n"
    assert run(verbs, "warning", "--quiet") == 0
    assert capsys.readouterr().err == ""


def test_a_finding_is_exit_1(verbs: dict[str, Verb]) -> None:
    assert run(verbs, "finding") == 1


def test_debug_shows_the_traceback(verbs: dict[str, Verb], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENWORKS_DEBUG", "1")
    with pytest.raises(RuntimeError, match="oops"):
        run(verbs, "broken")


def test_no_arguments_show_the_help(
    verbs: dict[str, Verb], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(verbs) == 2
    shown = capsys.readouterr()
    assert "Usage: tokenworks" in shown.out + shown.err


def test_a_reader_that_goes_away_is_no_error() -> None:
    program = "from tokenworks.cli import main; raise SystemExit(main(['methods', 'list']))"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert done.stderr == b""
    assert done.returncode == frame.EXIT_PIPE


def test_every_verb_has_help_and_the_common_options(capsys: pytest.CaptureFixture[str]) -> None:
    for name, verb in cli.VERBS.items():
        assert cli.main([name, "--help"]) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert "Usage" in shown
        assert verb.summary.rstrip(".") in shown
    assert cli.main(["methods", "list", "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), list)


def test_the_reference_names_every_verb_and_option() -> None:
    from tokenworks.cli import reference

    text = reference.markdown(cli.VERBS)
    for name in cli.VERBS:
        assert f"## {name}" in text
    assert "### methods cite" in text
    for option in ("--json", "--quiet", "--seed", "--offline"):
        assert text.count(f"| `{option}` |") == 1


@pytest.mark.parametrize(
    "order", [["base", "--on", "a", "b"], ["--on", "a", "base"], ["base", "--on", "a", "--on", "b"]]
)
def test_an_option_takes_several_values_and_leaves_the_argument(
    order: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: dict[str, object] = {}

    def extend(base: object, on: object, *rest: object, **options: object) -> None:
        taken.update(base=base, on=on)
        raise TokenworksError("enough")

    monkeypatch.setattr("tokenworks.workflows.extend.extend", extend)
    monkeypatch.setattr("tokenworks.cli.loading.load", lambda name: name)
    assert cli.main(["extend", *order, "--add", "1", "-o", str(tmp_path / "out")]) == 2
    assert taken == {"base": "base", "on": ["a"] if order[0] == "--on" else ["a", "b"]}
