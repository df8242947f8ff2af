"""`hf://org/name` against a server on this machine that speaks the Hub's file endpoints.

The client reads its environment once, so each case is a run of the command line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.hub_server import Hub, serving

from tokenworks import Tokenizer

TRAP = "import pathlib; pathlib.Path('{}').write_text('ran')"


def folder(tmp_path: Path, name: str) -> dict[str, bytes]:
    Tokenizer.load(name).save(tmp_path / name)
    return {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    gpt2 = folder(tmp_path, "gpt2")
    small = folder(tmp_path, "kl3m-004-char-4k-cased")
    config = json.loads(gpt2["tokenizer_config.json"])
    config["auto_map"] = {"AutoTokenizer": ["tokenization_trap.Trap", None]}
    trap = TRAP.format(tmp_path / "trapped").encode()
    code = gpt2 | {
        "tokenizer_config.json": json.dumps(config).encode(),
        "tokenization_trap.py": trap,
        "pytorch_model.bin": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
        "model.safetensors": bytes(1000),
    }
    repositories = {
        "org/name": {"main": code, "v2": small},
        "org/empty": {"main": {"README.md": b"nothing here"}},
        "org/broken": {"main": {"tokenizer.json": b'{"model": {'}},
        "org/traversal": {"main": {"../../../escaped.json": b"{}", "tokenizer.json": b"{}"}},
    }
    with serving(repositories) as served:
        yield served


def run(hub: Hub, tmp_path: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    foreign = ("HF_", "HUGGING", "TRANSFORMERS_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    settings = {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_ETAG_TIMEOUT": "5",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tokenworks", *arguments],
        env={**kept, **settings, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def encoded(hub: Hub, tmp_path: Path, name: str, *more: str, **environment: str) -> list[int]:
    arguments = ("encode", name, "--text", "Hello world", *more)
    code, out, err = run(hub, tmp_path, *arguments, **environment)
    assert code == 0, err
    return [int(number) for number in out.split()]


def test_a_tokenizer_is_fetched_kept_and_found_again_offline(hub: Hub, tmp_path: Path) -> None:
    expected = Tokenizer.load("gpt2").encode("Hello world").tolist()
    assert encoded(hub, tmp_path, "hf://org/name") == expected
    asked = [one for one in hub.asked if "resolve" in one and one.startswith("GET")]
    assert any("tokenizer.json" in one for one in asked)
    # no weights, no pickles, and no code are fetched, let alone run
    assert not any(name in one for one in asked for name in (".py", ".bin", "safetensors"))
    assert not list((tmp_path / "home").rglob("*.py"))
    assert not (tmp_path / "trapped").exists()

    hub.asked.clear()
    assert encoded(hub, tmp_path, "hf://org/name") == expected
    assert not [one for one in hub.asked if one.startswith("GET") and "resolve" in one]

    hub.asked.clear()
    assert encoded(hub, tmp_path, "hf://org/name", "--offline") == expected
    assert encoded(hub, tmp_path, "hf://org/name", HF_HUB_OFFLINE="1") == expected
    assert hub.asked == []


def test_a_revision_by_name_and_by_commit(hub: Hub, tmp_path: Path) -> None:
    expected = Tokenizer.load("kl3m-004-char-4k-cased").encode("Hello world").tolist()
    assert encoded(hub, tmp_path, "hf://org/name@v2") == expected
    commit = hub.commit("org/name", "v2")
    assert encoded(hub, tmp_path, f"hf://org/name@{commit}") == expected
    assert encoded(hub, tmp_path, "hf://org/name@v2", "--offline") == expected


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("hf://org/none", "no such repository on the Hub, or it is private"),
        ("hf://org/name@v3", "no such revision"),
        ("hf://org/closed", "is gated"),
        ("hf://org/empty", "the repository has none of tokenizer.json"),
        ("hf://org/broken", "truncated JSON"),
        ("hf://org/traversal", 'no "model"'),
        ("hf://../../etc", "expected hf://org/name"),
    ],
)
def test_what_the_hub_does_not_give_is_one_line(
    name: str, says: str, hub: Hub, tmp_path: Path
) -> None:
    code, out, err = run(hub, tmp_path, "encode", name, "--text", "a")
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert says in err
    assert not list(tmp_path.rglob("escaped.json"))


def test_no_answer_and_no_permission_to_ask(hub: Hub, tmp_path: Path) -> None:
    for more in ({}, {"HF_HUB_OFFLINE": "1"}):
        options = ("--offline",) if not more else ()
        code, _, err = run(hub, tmp_path, "count", "hf://org/name", os.devnull, *options, **more)
        assert code == 2
        assert "not in the local cache, and the network is refused (offline)" in err
    assert hub.asked == []
    closed = {"HF_ENDPOINT": "http://127.0.0.1:9"}  # nothing listens there
    code, _, err = run(hub, tmp_path, "encode", "hf://org/name", "--text", "a", **closed)
    assert code == 2
    assert err.count("\n") == 1
    assert "hf://org/name" in err


def test_a_name_without_the_prefix_asks_nobody(hub: Hub, tmp_path: Path) -> None:
    code, _, err = run(hub, tmp_path, "encode", "org/name", "--text", "a")
    assert code == 2
    assert "for the Hub write hf://org/name" in err
    assert hub.asked == []
