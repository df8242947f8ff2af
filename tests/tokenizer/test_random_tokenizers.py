"""Tokenizers of random steps give the ids and texts of `tokenizers`, their peer."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import numpy
import pytest
import tokenizers
from tests.tokenizer.random_tokenizers import document, text
from tokenizers import Regex, models, normalizers, pre_tokenizers

import tokenworks as tw
from tokenworks.tokenizer.serde_numbers import as_serde_reads


def _random_document(random: Random) -> str:
    while True:
        try:
            return json.dumps(document(random))
        except BaseException as error:  # the peer's trainers panic on some alphabets
            if type(error).__name__ != "PanicException":
                raise


def _same(seed: int, folder: Path, texts: int) -> int:
    """How many texts were compared, on one random tokenizer."""
    random = Random(seed)
    path = folder / f"{seed}.json"
    path.write_text(_random_document(random))
    peer, ours = tokenizers.Tokenizer.from_file(str(path)), tw.Tokenizer.load(path)
    tried, compared = [text(random) for _ in range(texts)], []
    for each in tried:
        try:
            wanted = peer.encode(each, add_special_tokens=False).ids
        except BaseException as error:  # the peer panics where white space is claimed twice
            assert type(error).__name__ == "PanicException", (seed, each, error)
            continue
        assert ours.encode(each, specials="allow").tolist() == wanted, (seed, each)
        assert ours.encode_spans(each, specials="allow")[0].tolist() == wanted, (seed, each)
        assert ours.decode(wanted) == peer.decode(wanted, skip_special_tokens=False), (seed, each)
        compared.append((each, wanted))
    lists = ours.encode_lists([each for each, _ in compared], specials="allow")
    assert lists == [wanted for _, wanted in compared], seed
    return len(compared)


def test_random_tokenizers_are_those_of_the_peer(tmp_path: Path) -> None:
    assert sum(_same(seed, tmp_path, 30) for seed in range(80)) > 2000


@pytest.mark.slow
def test_many_random_tokenizers_are_those_of_the_peer(tmp_path: Path) -> None:
    assert sum(_same(seed, tmp_path, 60) for seed in range(1000, 1600)) > 30_000


def test_cuts_after_byte_level_as_falcon_has_them(tmp_path: Path) -> None:
    """Falcon's tokenizers cut digits in threes once bytes are characters."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {character: id for id, character in enumerate(alphabet)}
    merges = [("1", "2"), ("12", "3"), ("3", "4"), ("Ġ", "1")]
    vocabulary |= {"".join(pair): 256 + id for id, pair in enumerate(merges)}
    peer = tokenizers.Tokenizer(models.BPE(vocabulary, merges))
    peer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Punctuation("contiguous"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
            pre_tokenizers.Digits(individual_digits=False),
            pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated"),
        ]
    )
    path = tmp_path / "tokenizer.json"
    peer.save(str(path))
    ours = tw.Tokenizer.load(path)
    for each in ("12345 1234512345", "é12 ٣٤٥?!12", "a 1\n123é", "１２３４"):
        assert ours.encode(each).tolist() == peer.encode(each).ids, each


def test_a_step_that_rewrites_bytes_is_refused(tmp_path: Path) -> None:
    peer = tokenizers.Tokenizer(models.BPE({"a": 0}, []))
    metaspace = pre_tokenizers.Metaspace()
    peer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.ByteLevel(), metaspace])
    path = tmp_path / "tokenizer.json"
    peer.save(str(path))
    with pytest.raises(tw.errors.UnsupportedError, match="Metaspace comes after ByteLevel"):
        tw.Tokenizer.load(path)


def _added(path: Path, *tokens: tokenizers.AddedToken) -> tuple[tokenizers.Tokenizer, tw.Tokenizer]:
    vocabulary = {"[UNK]": 0} | {chr(code): code - 31 for code in range(32, 127)}
    peer = tokenizers.Tokenizer(models.BPE(vocabulary, [], unk_token="[UNK]"))
    for token in tokens:
        peer.add_tokens([token])
    peer.save(str(path))
    return peer, tw.Tokenizer.load(path)


@pytest.mark.parametrize("single", [False, True])
def test_white_space_is_claimed_once(tmp_path: Path, single: bool) -> None:
    """A token that strips white space to its left finds none where the token before took it."""
    spaces = tokenizers.AddedToken("  ", lstrip=True, rstrip=True, normalized=False)
    peer, ours = _added(tmp_path / "a.json", spaces)
    for each in ("a      b", "        ", "  a  b   "):
        assert ours.encode(each).tolist() == peer.encode(each).ids, each
    mark = tokenizers.AddedToken("<x>", rstrip=True, normalized=False)
    left = tokenizers.AddedToken("   ", lstrip=True, single_word=single, normalized=False)
    _, ours = _added(tmp_path / "b.json", mark, left)
    x, a = ours.id_of(b"<x>"), ours.id_of(b"a")
    for each in ("<x>    a", "<x>   a", "<x>     <x>a"):  # the peer panics on the first
        assert ours.encode(each).tolist() in ([x, a], [x, x, a]), each
        assert ours.encode_spans(each)[0].tolist() == ours.encode(each).tolist()


def test_scores_are_read_as_the_peer_reads_them(tmp_path: Path) -> None:
    """Its JSON parser is one unit in the last place off, which decides between equal sums."""
    random = Random(5)
    scores = [-random.random() * 20 for _ in range(3000)] + [-1e-7, -5.0, -3e-310, -1e300, 0.0]
    vocabulary = [["<unk>", 0.0], *([f"p{i}", score] for i, score in enumerate(scores))]
    content = {"version": "1.0", "model": {"type": "Unigram", "unk_id": 0, "vocab": vocabulary}}
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(content))
    read = json.loads(tokenizers.Tokenizer.from_file(str(path)).to_str())["model"]["vocab"]
    peers = [score for _, score in read][1:]
    assert peers != scores
    assert as_serde_reads(numpy.array(scores)).tolist() == peers
    # As a file holds them: "9" + "99" or "99" + "9", which only the rounding tells apart.
    pieces = [["<unk>", 0.0], ["▁", -1.174240197616018], ["9", -6.68331551963793]]
    content["model"]["vocab"] = [*pieces, ["99", -7.7756327966842615]]  # type: ignore[index]
    path.write_text(json.dumps(content))
    wanted = tokenizers.Tokenizer.from_file(str(path)).encode("▁999").ids
    assert tw.Tokenizer.load(path).encode("▁999").tolist() == wanted


def test_an_added_token_is_decoded_as_it_was_normalized(tmp_path: Path) -> None:
    peer, _ = _added(tmp_path / "a.json")
    peer.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.NFD()])
    peer.add_tokens([tokenizers.AddedToken("ÅB", normalized=True)])
    peer.add_tokens([tokenizers.AddedToken("ÅC", normalized=False)])
    path = tmp_path / "tokenizer.json"
    peer.save(str(path))
    ours = tw.Tokenizer.load(path)
    ids = [ours.id_of("ÅB".encode()), ours.id_of("ÅC".encode())]
    assert None not in ids
    assert ours.decode([i for i in ids if i is not None]) == peer.decode(ids) == "a\u030ab ÅC"
