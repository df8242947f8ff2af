"""Whatever the bytes are, the doctor answers with findings and never with a traceback."""

from __future__ import annotations

import copy
import json
import random
import sys
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenworks.errors import FormatError
from tokenworks.workflows.doctor import doctor

sys.path.insert(0, str(Path(__file__).parent))
import small

VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    1 << 70,
    "",
    "\ud800",
    "x",
    [],
    {},
    [[]],
    [None],
    {"a": None},
    {"type": "BPE"},
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """All paths of a JSON value."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(p for k, v in inner for p in places(v, (*path, k)))]


@pytest.mark.parametrize("build", [small.bpe, small.unigram, small.wordpiece, small.tekken])
def test_any_value_at_any_place(build: Any, tmp_path: Path) -> None:
    chance = random.Random(1)
    for _ in range(150):
        root = {"root": copy.deepcopy(build())}
        path = chance.choice(places(root)[1:])
        at: Any = root
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = chance.choice(VALUES)
        file = tmp_path / "tokenizer.json"
        file.write_text(json.dumps(root["root"]))
        report = doctor(file)
        json.dumps(report.to_json())
        assert "shape-unknown" not in report.codes(), (path, at[path[-1]], report.findings)


@pytest.mark.parametrize(
    "file",
    [
        "config.json",
        "tokenizer_config.json",
        "generation_config.json",
        "special_tokens_map.json",
        "added_tokens.json",
        "model.safetensors.index.json",
    ],
)
def test_any_value_in_the_configs(file: str, tmp_path: Path) -> None:
    folder = small.model_folder(tmp_path / "model")
    path = folder / file
    good = (
        json.loads(path.read_text())
        if path.exists()
        else {"weight_map": {"a": "model.safetensors"}}
    )
    chance = random.Random(2)
    for _ in range(12):
        root = {"root": copy.deepcopy(good)}
        where = chance.choice(places(root)[1:])
        at: Any = root
        for step in where[:-1]:
            at = at[step]
        at[where[-1]] = chance.choice(VALUES)
        path.write_text(json.dumps(root["root"]))
        report = doctor(folder)
        assert "shape-unknown" not in report.codes(), (where, at[where[-1]], report.findings)


@pytest.mark.parametrize(
    "name", ["m.gguf", "s.model", "r.tiktoken", "w.safetensors", "tokenizer.json"]
)
def test_any_byte_changed_or_cut(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "m.gguf":
        small.gguf(path)
    elif name == "s.model":
        small.sentencepiece(path)
    elif name == "w.safetensors":
        small.safetensors(path, {"a": (4, 4)})
    elif name == "tokenizer.json":
        small.write(path, small.unigram())
    else:
        path.write_text("\n".join(small.ranks()))
    good = path.read_bytes()
    chance = random.Random(3)
    for _ in range(200):
        data = bytearray(good[: chance.randrange(len(good))] if chance.random() < 0.3 else good)
        for _ in range(chance.randrange(4)):
            if data:
                data[chance.randrange(min(len(data), 4000))] = chance.randrange(256)
        path.write_bytes(data)
        assert "shape-unknown" not in doctor(path).codes()


@settings(max_examples=60)
@given(
    data=st.binary(max_size=200),
    name=st.sampled_from(
        [
            "tokenizer.json",
            "a.model",
            "a.tiktoken",
            "a.gguf",
            "a.safetensors",
            "x",
            "merges.txt",
            "vocab.txt",
        ]
    ),
)
def test_any_bytes(data: bytes, name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(data)
    report = doctor(path)
    if name not in ("x", "vocab.txt", "merges.txt"):
        assert not report.healthy


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = small.write(tmp_path / "tokenizer.json", small.bpe())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FormatError, match="Permission denied"):
        doctor(path)


@pytest.mark.parametrize("build", [small.bpe, small.unigram, small.wordpiece])
def test_whatever_tokenizers_refuses_has_an_error(build: Any, tmp_path: Path) -> None:
    chance, refused = random.Random(4), 0
    path = tmp_path / "tokenizer.json"
    for _ in range(300):
        root = {"root": copy.deepcopy(build())}
        where = chance.choice(
            [p for p in places(root)[1:] if "vocab" not in p or chance.random() < 0.03]
        )
        at: Any = root
        for step in where[:-1]:
            at = at[step]
        if chance.random() < 0.3 and where != ("root",):
            del at[where[-1]]
        else:
            at[where[-1]] = chance.choice([v for v in VALUES if v != "\ud800"])
        path.write_text(json.dumps(root["root"]))
        try:
            tokenizers.Tokenizer.from_file(str(path))
        except BaseException as error:
            assert not isinstance(error, KeyboardInterrupt)
            refused += 1
            assert any(f.severity == "error" for f in doctor(path).findings), (where, error)
    assert refused > 30
