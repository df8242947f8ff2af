"""WordPiece against `tokenizers`, on small vocabularies and a long word."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.native.reference import native
from tests.native.test_unigram import encode
from tokenizers import Tokenizer

from tokenworks import _native

LETTERS = "aabcdé日"
PIECES = st.lists(st.text(alphabet=LETTERS, min_size=1, max_size=4), max_size=20)


@pytest.mark.parametrize("prefix", ["##", "", "é"])
@pytest.mark.parametrize("most", [100, 5])
def test_same_as_tokenizers(prefix: str, most: int) -> None:
    @settings(max_examples=400, deadline=None)
    @given(PIECES, PIECES, st.text(alphabet=LETTERS + "  #.", max_size=20))
    def check(initial: list[str], inner: list[str], text: str) -> None:
        words = ["[UNK]", *initial, *(prefix + p for p in inner)]
        vocab = {word: i for i, word in enumerate(dict.fromkeys(words))}
        model = {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": prefix,
            "max_input_chars_per_word": most,
            "vocab": vocab,
        }
        theirs = Tokenizer.from_str(
            json.dumps(
                {
                    "version": "1.0",
                    "added_tokens": [],
                    "normalizer": None,
                    "pre_tokenizer": {"type": "BertPreTokenizer"},
                    "post_processor": None,
                    "decoder": None,
                    "model": model,
                }
            )
        )
        ours = _native.wordpiece([w.encode() for w in vocab], list(vocab.values()), 0, prefix, most)
        encoding = theirs.encode(text, add_special_tokens=False)
        at = [len(text[:i].encode()) for i in range(len(text) + 1)]
        want = [(i, at[a], at[b]) for i, (a, b) in zip(encoding.ids, encoding.offsets, strict=True)]
        assert encode(native((), ({"type": "BertPreTokenizer"},)), ours, text) == want

    check()


def test_long_words() -> None:
    ours = _native.wordpiece([b"[UNK]", b"a", b"##a", b"##aaaa"], [9, 1, 2, 3], 9, "##", 10**9)
    ids, ends = ours.encode(b"a" * 1_000_001)
    assert ids[:2] == [1, 3]
    assert len(ids) == 250_001
    assert ends[-1] == 1_000_001
    short = _native.wordpiece([b"[UNK]", b"a", b"##a"], [9, 1, 2], 9)
    assert short.encode("é".encode() * 101) == ([9], [202])
    assert short.encode(b"a" * 100)[0] == [1] + [2] * 99
    assert short.encode(b"a" * 101) == ([9], [101])
    assert short.encode(b"") == ([], [])
