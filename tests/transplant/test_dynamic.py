"""Dynamic tokenization: what is merged, what never is, and the rows of what was."""

from __future__ import annotations

import numpy as np
import pytest

from tokenworks.errors import OptionError
from tokenworks.tokenizer import Tokenizer
from tokenworks.transplant.dynamic_tokenization import DynamicEmbeddings, dynamic_tokenization
from tokenworks.transplant.embeddings import Held

GPT2 = Tokenizer.load("gpt2")


def _spelled(tokens: list[tuple[int, ...]]) -> list[str]:
    return [GPT2.decode(token) for token in tokens]


def test_in_the_end_every_word_is_one_token() -> None:
    text = "Tokenizers transplant embeddings, unbelievably;\n\nantidisestablishmentarianism!"
    found = _spelled(dynamic_tokenization([GPT2.encode(text)], GPT2)[0])
    assert found == [
        "Tokenizers",
        " transplant",
        " embeddings,",
        " unbelievably;",
        "\n",
        "\n",
        "antidisestablishmentarianism!",
    ]


def test_pretokens_and_sentences_bound_what_words_do_not() -> None:
    ids = GPT2.encode("unbelievably, yes. No")
    assert _spelled(dynamic_tokenization([ids], GPT2, boundary="pretoken")[0]) == [
        *("unbelievably", ",", " yes", ".", " No")
    ]
    assert _spelled(dynamic_tokenization([ids], GPT2, boundary="sentence")[0]) == [
        *("unbelievably, yes.", " No")
    ]


def test_the_most_frequent_pair_of_the_batch_is_first() -> None:
    batch = [GPT2.encode(" xqxqxq zz"), GPT2.encode(" zz xq")]
    merged = dynamic_tokenization(batch, GPT2, merges=1)
    plain = dynamic_tokenization(batch, GPT2, merges=0)
    assert sum(map(len, merged)) < sum(map(len, plain))
    assert all(len(token) <= 2 for one in merged for token in one)


def test_special_tokens_stay_alone() -> None:
    ids = GPT2.encode("a<|endoftext|>b", specials="allow")
    assert dynamic_tokenization([ids], GPT2)[0] == [(int(number),) for number in ids]


def test_rows_are_means_and_kept() -> None:
    rows = np.random.default_rng(0).normal(size=(GPT2.max_id_plus_one, 4)).astype(np.float32)
    calls = []

    def maker(token: tuple[int, ...]) -> np.ndarray:
        calls.append(token)
        return rows[list(token)].sum(axis=0)

    plain = DynamicEmbeddings(Held(rows))
    assert np.array_equal(plain.vectors([(5,)])[0], rows[5])
    assert np.allclose(plain.vectors([(5, 9)])[0], rows[[5, 9]].mean(axis=0))
    made = DynamicEmbeddings(Held(rows), maker=maker, size=2)
    once = made.vectors([(1, 2), (1, 2)])
    assert calls == [(1, 2)] and np.array_equal(once[0], once[1])
    made.vectors([(3, 4), (5, 6)])
    assert np.array_equal(made.vectors([(1, 2)])[0], once[0]) and calls[-1] == (1, 2)


def test_bad_options() -> None:
    for options, message in (({"boundary": "page"}, "'page'"), ({"merges": -1}, "-1")):
        with pytest.raises(OptionError, match=message):
            dynamic_tokenization([[1]], GPT2, **options)
