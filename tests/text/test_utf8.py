"""Validation of UTF-8 and counts of lines against Python's own."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tokenworks.text.utf8 import count_newlines, is_valid

# The first and last bytes of every class that matters to the rules.
EDGES = bytes.fromhex("00417f808f909fa0bfc0c1c2dfe0e1ecedeeeff0f1f3f4f5f7f8ff")


def expected(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def test_all_short_sequences_of_edge_bytes_at_the_borders_of_blocks() -> None:
    random = np.random.default_rng(5)
    seen = {True: 0, False: 0}
    for length in (1, 2, 3):
        for sequence in itertools.product(EDGES, repeat=length):
            before = int(random.integers(24, 34)) if length > 1 else 31
            data = b"a" * before + bytes(sequence) + b"a" * int(random.integers(0, 40))
            valid = is_valid(data)
            assert valid == expected(data), data.hex()
            seen[valid] += 1
    assert min(seen.values()) > 100


@given(
    text=st.text(st.sampled_from("aé界🙂\U0010ffff\ud7ff\ue000"), max_size=80),
    at=st.integers(0, 200),
    byte=st.sampled_from(list(EDGES)),
    removed=st.integers(0, 2),
)
def test_broken_text(text: str, at: int, byte: int, removed: int) -> None:
    data = text.encode()
    assert is_valid(data)
    broken = data[:at] + bytes((byte,)) + data[at + removed :]
    assert is_valid(broken) == expected(broken)


@given(st.binary(max_size=200).map(lambda data: data.replace(b"\x00", b"\n")))
def test_lines(data: bytes) -> None:
    assert count_newlines(data * 40) == data.count(b"\n") * 40
