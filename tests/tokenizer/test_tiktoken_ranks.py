"""Rank files: equal to tiktoken's own reading, and refused with a reason when damaged."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
import tiktoken
from tests.assets import asset
from tests.oracles.bpe import merge_bytes
from tiktoken.load import load_tiktoken_bpe
from tiktoken_ext import openai_public

from tokenworks.errors import FormatError, OptionError
from tokenworks.tokenizer import tiktoken_ranks
from tokenworks.tokenizer.definition import Bpe
from tokenworks.tokenizer.known_encodings import ENCODINGS

BYTES = {bytes((byte,)): byte for byte in range(256)}


def lines(ranks: dict[bytes, int]) -> bytes:
    return b"".join(base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks.items())


@pytest.mark.parametrize("name", ["r50k_base", "cl100k_base", "o200k_base"])
def test_ranks_equal_tiktoken(name: str) -> None:
    path = asset(f"tokenizers/{name}.tiktoken")
    definition = tiktoken_ranks.read(path)
    ranks = load_tiktoken_bpe(str(path))
    assert definition.name == name
    model = definition.model
    assert isinstance(model, Bpe)
    assert dict(zip(model.pieces, model.ids.tolist(), strict=True)) == ranks
    # Every token past the bytes is reached by one merge, and the merge spells the token.
    assert len(model.merges) == len(ranks) - 256
    spelled = [model.pieces[left] + model.pieces[right] for left, right in model.merges.tolist()]
    assert spelled == [piece for piece in model.pieces if len(piece) > 1]


@pytest.mark.parametrize("name", sorted(openai_public.ENCODING_CONSTRUCTORS))
def test_patterns_and_specials_are_those_of_tiktoken(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for loader in ("load_tiktoken_bpe", "data_gym_to_mergeable_bpe_ranks"):
        monkeypatch.setattr(openai_public, loader, lambda *_, **__: {})
    published = openai_public.ENCODING_CONSTRUCTORS[name]()
    assert ENCODINGS[name].pattern == published["pat_str"]
    assert dict(ENCODINGS[name].specials) == published["special_tokens"]


def test_recovered_merges_leave_out_what_merging_cannot_reach() -> None:
    tokens = [*BYTES, b"ab", b"bc", b"abc", b"abcd", b"xyz"]
    merges = tiktoken_ranks.recover_merges(tokens)
    spelled = [(tokens[left], tokens[right]) for left, right in merges.tolist()]
    assert spelled == [(b"a", b"b"), (b"b", b"c"), (b"ab", b"c"), (b"abc", b"d")]


def test_a_very_long_token_is_recovered_like_a_short_one() -> None:
    tokens = [*BYTES, b"ab", b"abab", b"ab" * 4, b"ab" * 300 + b"ab", b"ba"]
    tokens += [b"ab" * 8, b"ab" * 16, b"ab" * 32, b"ab" * 64, b"ab" * 128, b"ab" * 256]
    ranks = {token: rank for rank, token in enumerate(tokens)}
    merges = {
        tokens[left] + tokens[right]: (tokens[left], tokens[right])
        for left, right in tiktoken_ranks.recover_merges(tokens).tolist()
    }
    for token, rank in ranks.items():
        if len(token) > 1:
            parts = merge_bytes(ranks, token, below=rank)
            assert (merges.get(token) or tuple(parts)) == tuple(parts)
            assert (token in merges) == (len(parts) == 2)


def test_an_unknown_file_asks_for_its_pattern(tmp_path: Path) -> None:
    path = tmp_path / "own.tiktoken"
    path.write_bytes(lines(BYTES))
    with pytest.raises(OptionError, match="pattern="):
        tiktoken_ranks.read(path)
    with pytest.raises(OptionError, match="known are"):
        tiktoken_ranks.read(path, encoding="o300k")
    definition = tiktoken_ranks.read(path, pattern=r"\w+", specials={"<s>": 256})
    assert definition.pretokenizer[0]["behavior"] == "Removed"
    assert definition.pretokenizer[0]["invert"] is True
    assert [token.id for token in definition.added] == [256]


DAMAGED = [
    (b"", "no ranks"),
    (b"!!! 0\n", "not a rank file: line 1"),
    (lines(BYTES)[:-6], "truncated: line 256"),
    (lines({**BYTES, b"ab": 257}), "rank 256 is missing"),
    (lines({**BYTES, b"ab": 255}), "two tokens have the rank 255"),
    (lines(BYTES) + lines({b"a": 256}), "repeats the token of line 98"),
    (lines({**dict(list(BYTES.items())[:255]), b"ab": 255}), "0xFF"),
    (lines({b"a": 2**40}), "past"),
    (b"{", "truncated JSON"),
    (b'{"a": 1}', "as JSON it needs"),
]


@pytest.mark.parametrize(("data", "says"), DAMAGED)
def test_a_damaged_rank_file_is_refused_in_one_line(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "bad.tiktoken"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=says) as caught:
        tiktoken_ranks.read(path, pattern=r"\w+")
    assert "\n" not in str(caught.value)


def test_a_special_token_on_a_rank_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.tiktoken"
    path.write_bytes(lines(BYTES))
    with pytest.raises(FormatError, match="also the id of the special token"):
        tiktoken_ranks.read(path, pattern=r"\w+", specials={"<s>": 3})


def test_js_tiktoken_json(tmp_path: Path) -> None:
    runs = "! 1 " + " ".join(base64.b64encode(token).decode() for token in BYTES)
    content = {"pat_str": r"\w+", "special_tokens": {"<s>": 0}, "bpe_ranks": runs}
    path = tmp_path / "own.json"
    path.write_text(json.dumps(content))
    definition = tiktoken_ranks.read(path)
    assert definition.model.ids.tolist() == list(range(1, 257))
    assert tiktoken.Encoding(
        "own",
        pat_str=r"\w+",
        mergeable_ranks=dict(zip(definition.model.pieces, range(1, 257), strict=True)),
        special_tokens={"<s>": 0},
    ).encode("ab") == [98, 99]
