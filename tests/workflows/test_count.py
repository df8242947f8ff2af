"""Counting, and the lines of `encode` and `decode`."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stand_ins import ByteTokens

from tokenworks.errors import FormatError
from tokenworks.workflows.count import count_texts
from tokenworks.workflows.ids import encode_text, parse_ids


def test_counts_and_total() -> None:
    counts = count_texts(ByteTokens(), [("a", "né"), ("b", "")])
    assert [(one.name, one.tokens, one.bytes, one.characters) for one in counts.texts] == [
        ("a", 3, 3, 2),
        ("b", 0, 0, 0),
    ]
    value = counts.to_json()
    assert value["total"] == {"tokens": 3, "bytes": 3, "characters": 2}
    assert json.loads(json.dumps(value)) == value


def test_lines_of_an_encoded_text() -> None:
    encoded = encode_text(ByteTokens(), "hé", name="f", spans=True)
    assert encoded.plain_line() == "104 195 169\n"
    assert json.loads(encoded.json_line()) == {
        "text": "f",
        "count": 3,
        "ids": [104, 195, 169],
        "spans": [[0, 1], [1, 2], [2, 3]],
    }


@given(st.lists(st.lists(st.integers(0, 2**32 - 1)), min_size=1))
def test_ids_survive_both_forms(sequences: list[list[int]]) -> None:
    plain = "".join(" ".join(map(str, ids)) + "\n" for ids in sequences)
    assert [ids.tolist() for ids in parse_ids(plain, "x")] == sequences
    lines = "".join(json.dumps({"ids": ids}) + "\n" for ids in sequences)
    assert [ids.tolist() for ids in parse_ids(lines, "x")] == sequences


def test_a_json_list_over_several_lines_is_one_sequence() -> None:
    (ids,) = parse_ids("[1,\n 2]", "x")
    assert ids.tolist() == [1, 2]
    assert ids.dtype == np.uint32


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2\n3 x", "f:2: 'x' is not a token id"),
        ("-1", "f:1: '-1' is not a token id"),
        ("1.5", "f:1: '1.5' is not a token id"),
        ("4294967296", "f:1: 4294967296 is larger"),
        ("[1, true]", "f:1: 'True' is not a token id"),
        ("[1, 2", "f:1: not JSON"),
        ('{"tokens": [1]}', "f:1: expected a list of ids"),
        ("[[1]]", "is not a token id"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_id_is_named(text: str, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_ids(text, "f")
    assert message in str(caught.value)
