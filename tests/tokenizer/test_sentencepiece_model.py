"""SentencePiece models: what is read encodes as sentencepiece does, and damage is named."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.sentencepiece_model import Oracle
from sentencepiece import sentencepiece_model_pb2 as schema
from tests.tokenizer.damage import damaged

from tokenworks import Tokenizer
from tokenworks.errors import FormatError, TokenworksError, UnsupportedError
from tokenworks.tokenizer.definition import Bpe, Unigram
from tokenworks.tokenizer.sentencepiece_model import parse, read

DATA = Path(__file__).parent.parent / "data" / "sentencepiece"
NAMES = sorted(path.stem for path in DATA.glob("*.model"))

TEXTS = [
    "",
    " ",
    "  banana  bandana ",
    "▁ ▁▁banana▁",
    "anaganag anagram ana anag banag",
    "aaaaaaaaaaaaaaaaa aabaabaabaab",
    "<s></s><unk><pad><x>q<tool>tool<0x41>",
    "ＡbＡＡb é e\u0301 ｂ ﬁ so\u00adft\u00ad \u3000東京\u3000都",
    "…\t…\n\r\n x  \u2028 y",
    "\0\0a\0 \U0010ffff\ufffd👩\u200d👩\u200d👧",
    "Москва ΑΒΓ 京都 naïve größer 𝔘𝔫𝔦",
]
ALPHABET = "aabbcegnrstho  ▁é\u0301ＡﬁМо東京12…\u00ad\u3000\t<>0x41😀\0"


def reference(name: str) -> sentencepiece.SentencePieceProcessor:
    return sentencepiece.SentencePieceProcessor(model_file=str(DATA / f"{name}.model"))


@pytest.mark.parametrize("name", NAMES)
def test_ids_equal_sentencepiece(name: str) -> None:
    theirs, ours = reference(name), Oracle(read(DATA / f"{name}.model"))
    chance = random.Random(7)
    texts = TEXTS + ["".join(chance.choices(ALPHABET, k=chance.randrange(40))) for _ in range(3000)]
    differing = [text for text in texts if ours.encode(text) != theirs.encode(text)]
    assert not differing, min(differing, key=len)


@pytest.mark.parametrize("name", NAMES)
def test_the_native_encoder_equals_sentencepiece(name: str) -> None:
    theirs, ours = reference(name), Tokenizer.load(DATA / f"{name}.model")
    chance = random.Random(8)
    texts = TEXTS + ["".join(chance.choices(ALPHABET, k=chance.randrange(40))) for _ in range(9000)]
    ids, starts = ours.encode_batch(texts, specials="text")
    found = [ids[a:b].tolist() for a, b in itertools.pairwise(starts.tolist())]
    assert found == theirs.encode(texts)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=60))
def test_ids_equal_sentencepiece_on_any_text(name: str, text: str) -> None:
    theirs, ours = reference(name), Oracle(read(DATA / f"{name}.model"))
    assert ours.encode(text) == theirs.encode(text)


@pytest.mark.parametrize("name", NAMES)
def test_special_ids_equal_sentencepiece(name: str) -> None:
    theirs, ours = reference(name), read(DATA / f"{name}.model")
    assert isinstance(ours.model, Bpe | Unigram)
    assert (ours.model.unk_id, ours.bos_id, ours.eos_id) == (
        theirs.unk_id(),
        theirs.bos_id(),
        theirs.eos_id(),
    )
    assert (-1 if ours.pad_id is None else ours.pad_id) == theirs.pad_id()
    texts = {
        id: piece.decode()
        for id, piece in zip(ours.model.ids.tolist(), ours.model.pieces, strict=True)
    }
    texts |= {token.id: token.content for token in ours.added}
    assert texts == {id: theirs.id_to_piece(id) for id in range(len(theirs))}


def test_splits_of_one_piece_share_a_rank() -> None:
    model = read(DATA / "bpe-byte-fallback.model").model
    assert isinstance(model, Bpe)
    assert model.merge_ranks is not None
    result = [model.pieces[a] + model.pieces[b] for a, b in model.merges.tolist()]
    ranks_of: dict[bytes, set[int]] = {}
    for piece, rank in zip(result, model.merge_ranks.tolist(), strict=True):
        ranks_of.setdefault(piece, set()).add(rank)
    assert all(len(ranks) == 1 for ranks in ranks_of.values())
    assert len(result) > len(ranks_of)
    assert (np.diff(model.merge_ranks.astype(np.int64)) >= 0).all()


def changed(name: str = "bpe-byte-fallback") -> schema.ModelProto:
    proto = schema.ModelProto()
    proto.ParseFromString((DATA / f"{name}.model").read_bytes())
    return proto


def removed(proto: schema.ModelProto, text: str) -> schema.ModelProto:
    del proto.pieces[next(i for i, piece in enumerate(proto.pieces) if piece.piece == text)]
    return proto


def message_of(proto: schema.ModelProto, kind: type[TokenworksError] = FormatError) -> str:
    with pytest.raises(kind) as caught:
        parse(proto.SerializeToString(), "m.model")
    assert str(caught.value).startswith("m.model: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_faults_are_named() -> None:
    proto = changed()
    proto.pieces[300].piece = proto.pieces[301].piece
    assert "pieces 300 and 301 are both" in message_of(proto)
    proto = changed()
    proto.pieces[300].piece = ""
    assert "piece 300 is empty" in message_of(proto)
    proto = changed()
    proto.pieces[300].score = float("nan")
    assert "score nan" in message_of(proto)
    proto = changed()
    proto.pieces[1].type = 2
    assert "2 pieces of type unknown" in message_of(proto)
    proto = changed()
    proto.pieces[3].type = 1
    assert "without the byte piece '<0x00>'" in message_of(proto)
    proto = changed()
    proto.trainer_spec.byte_fallback = False
    assert "although byte_fallback is false" in message_of(proto)
    proto = changed()
    proto.normalizer_spec.precompiled_charsmap = b"\xff\xff\0\0abc"
    assert "character map is damaged" in message_of(proto)


def test_what_cannot_be_exact_is_refused() -> None:
    proto = changed()
    proto.trainer_spec.model_type = 3
    assert "a WORD model" in message_of(proto, UnsupportedError)
    proto = changed()
    proto.denormalizer_spec.precompiled_charsmap = b"\4\0\0\0aaaab\0"
    assert "denormalizer_spec" in message_of(proto, UnsupportedError)
    proto = removed(changed(), "b")
    assert "merged from 'b', which is no piece itself" in message_of(proto, UnsupportedError)


@pytest.mark.parametrize("surface", ["", "?", " a\0b"])
def test_what_an_unknown_piece_shows(tmp_path: Path, surface: str) -> None:
    """A model may say what its unknown piece is decoded to."""
    proto = changed("bpe-rules-suffix")
    proto.trainer_spec.unk_surface = surface
    path = tmp_path / "x.model"
    path.write_bytes(proto.SerializeToString())
    library = sentencepiece.SentencePieceProcessor(model_file=str(path))
    ids = [library.unk_id(), 20, library.unk_id(), library.unk_id(), 30]
    assert Tokenizer.load(path).decode(ids) == library.decode(ids)


def test_not_a_model(tmp_path: Path) -> None:
    for content in (
        b"",
        b"{}",
        b"\x0a",
        b"hello world",
        b"\x80" * 40,
        b"\x0a\xff\xff\xff\xff\x0fa",
    ):
        (tmp_path / "x.model").write_bytes(content)
        with pytest.raises(FormatError, match=r"x\.model"):
            read(tmp_path / "x.model")
    with pytest.raises(FormatError, match="is a directory"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["bpe-byte-fallback", "unigram-rules"])
def test_damaged_files_never_crash(name: str) -> None:
    good = (DATA / f"{name}.model").read_bytes()
    chance = random.Random(3)
    refused = 0
    for _ in range(400):
        try:
            parse(damaged(good, chance), "m.model")
        except TokenworksError:
            refused += 1
    assert refused > 100
    for cut in range(0, len(good), 97):
        try:
            parse(good[:cut], "m.model")
        except TokenworksError:
            refused += 1


def test_reading_is_linear_in_hostile_lengths() -> None:
    # A length of 2^63 must not be allocated, nor a hundred thousand empty fields take long.
    with pytest.raises(FormatError):
        parse(b"\x0a" + b"\xff" * 9 + b"\x01", "m.model")
    with pytest.raises(FormatError):
        parse(b"\x1a\x00" * 100_000, "m.model")
