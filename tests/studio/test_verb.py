"""`tokenworks studio`: what it offers, the address it tells, and what it refuses."""

from __future__ import annotations

import importlib
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from running_studio import started

from tokenworks.cli import main
from tokenworks.data.udhr import declaration
from tokenworks.tokenizer import Tokenizer


def test_tokenizers_given_come_first_and_are_chosen(tmp_path: Path) -> None:
    Tokenizer.load("gpt2").save(tmp_path / "mine")
    with started(str(tmp_path / "mine"), "qwen2.5") as studio:
        _, value = studio.get("/api/start")
        assert value["chosen"] == ["mine", "qwen2.5"]
        assert [one["name"] for one in value["tokenizers"][:2]] == ["mine", "qwen2.5"]
        mine, gpt2 = studio.cut("Hello world", "mine", "gpt2")
        assert mine["ids"] == gpt2["ids"]


def test_other_machines_are_let_in_only_where_asked() -> None:
    with started("--host", "0.0.0.0", warns="warning: the studio has no password") as studio:
        for host, status in (
            *((studio.host, 200), ("192.0.2.7:80", 200), (socket.gethostname(), 200)),
            *(("evil.example", 403), ("192.0.2.7.evil.example", 403)),
        ):
            assert studio.send("GET", "/api/start", host=host)[0] == status


def test_many_at_once() -> None:
    text = declaration("hi").articles[0] * 8
    with started() as studio, ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: studio.cut(text, "gpt2", "tekken"), range(48)))
        assert all(one == found[0] for one in found)
        assert found[0][0]["tokens"] == Tokenizer.load("gpt2").count(text)


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["studio", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ") and said.err.count("\n") == 1
    return said.err


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "is in use; --port 0 takes a free one" in refused(["--port", str(port)], capsys)


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_out_of_range(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "65535" in refused(["--port", port], capsys)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a" * 300, "192.0.2.1"])
def test_an_address_that_is_not_ours(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "host" in refused(["--port", "0", "--host", host], capsys).replace("listen on", "host")


def test_an_unknown_tokenizer(capsys: pytest.CaptureFixture[str]) -> None:
    assert "gpt3" in refused(["gpt3"], capsys)


def test_without_the_extra_the_way_to_it_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [one for one in sys.modules if one.startswith("tokenworks.studio")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert "pip install 'tokenworks[studio]'" in refused([], capsys)


def test_the_verb_itself_needs_no_extra() -> None:
    assert importlib.import_module("tokenworks.cli.studio").studio
