"""Counts of pretokens against a dictionary: threads, spilling, cut pretokens, patterns of any kind."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from tokenworks import _native
from tokenworks.errors import (
    FormatError,
    OptionError,
    TokenworksWarning,
    UnknownNameError,
    WriteError,
)
from tokenworks.training.counted_words import Words
from tokenworks.training.pretokens import pretokens
from tokenworks.training.source import TextSource

DIGITS = r"\d+|\w+|[^\w\d]"


def as_dict(words: Words) -> dict[bytes, int]:
    text, starts = words.symbols.tobytes(), words.starts.tolist()
    counts = words.counts.tolist()
    assert len(starts) == len(counts) + 1
    found = {text[starts[i] : starts[i + 1]]: count for i, count in enumerate(counts)}
    assert len(found) == len(counts), "a word appears twice"
    return found


def expected(texts: list[str], pattern: str) -> dict[bytes, int]:
    """Matches and the gaps between them, counted in Python."""
    counts: Counter[bytes] = Counter()
    compiled = regex.compile(pattern, flags=regex.VERSION0)
    for text in texts:
        last = 0
        for match in compiled.finditer(text):
            for part in (text[last : match.start()], match[0]):
                if part:
                    counts[part.encode()] += 1
            last = match.end()
        if text[last:]:
            counts[text[last:].encode()] += 1
    return dict(counts)


ascii_texts = st.lists(st.text(st.characters(codec="ascii"), max_size=80), min_size=1, max_size=8)


@given(
    texts=ascii_texts,
    threads=st.integers(1, 3),
    name=st.sampled_from(["gpt2", "o200k", "digits-3"]),
)
def test_named_patterns(texts: list[str], threads: int, name: str) -> None:
    if not any(texts):
        return
    split = pretokens(name)
    found = TextSource.of_texts(texts, threads=threads).counts(split)
    assert as_dict(found) == expected(texts, split.regex)


@given(texts=st.lists(st.text("ab1é 界🙂\n", max_size=40), min_size=1, max_size=5))
def test_any_regex(texts: list[str]) -> None:
    if not any(texts):
        return
    found = TextSource.of_texts(texts).counts(pretokens(DIGITS))
    assert as_dict(found) == expected(texts, DIGITS)


def long_document(seed: int, words: int) -> str:
    random = np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnop"))
    drawn = ["".join(random.choice(letters, size=n)) for n in random.integers(1, 30, size=words)]
    return " ".join(drawn)


def test_long_documents_are_shared_between_threads_without_a_trace() -> None:
    text = long_document(1, 200_000)
    split = pretokens("cl100k")
    one = as_dict(TextSource.of_texts([text], threads=1).counts(split))
    assert one == as_dict(TextSource.of_texts([text], threads=3).counts(split))
    assert one == expected([text], " ?[a-z]+")


def test_spilled_counts_are_those_of_memory(tmp_path: Path) -> None:
    texts = [long_document(seed, 60_000) for seed in (1, 1, 2, 3)]
    split = pretokens("gpt2")
    whole = TextSource.of_texts(texts)
    counter = _native.Counter("gpt2", 2, 1 << 20, f"{tmp_path}/run-", 65536)
    for text in texts:
        data = text.encode()
        counter.add(data, np.array([len(data)], dtype=np.uint64))
    counter.finish()
    spilled = Words(*counter.words(1))
    assert counter.statistics()["spilled_bytes"] > 1 << 20
    assert as_dict(spilled) == as_dict(whole.counts(split))


def test_less_memory_than_the_process_takes_is_refused() -> None:
    with pytest.raises(OptionError, match="takes 151 MB at the least"):
        TextSource.of_texts(["a b"], memory=150_000_000).counts(pretokens("gpt2"))


def test_flushed_counts_are_taken_up_again(tmp_path: Path) -> None:
    def counter(name: str) -> _native.Counter:
        return _native.Counter("gpt2", 1, 0, f"{tmp_path}/{name}-", 65536)

    first, second = counter("a"), counter("b")
    for one in (first, second):
        one.add(b"one two", np.array([7], dtype=np.uint64))
    for run in first.flush():
        second.adopt(run)
    second.finish()
    assert as_dict(Words(*second.words(1))) == {b"one": 2, b" two": 2}


def test_counts_from_elsewhere_are_added() -> None:
    counter = _native.Counter("gpt2")
    counter.add(b"one two", np.array([7], dtype=np.uint64))
    counter.add_counts(
        np.frombuffer(b"onefar away from fifteen bytes", dtype=np.uint8),
        np.array([0, 3, 30], dtype=np.uint64),
        np.array([4_294_967_296, 2], dtype=np.uint64),
    )
    counter.finish()
    found = as_dict(Words(*counter.words(1)))
    assert found == {b"one": 4_294_967_297, b" two": 1, b"far away from fifteen bytes": 2}


def test_rare_words_are_left_out() -> None:
    source = TextSource.of_texts(["a b b c c c"], min_count=2)
    assert as_dict(source.counts(pretokens("gpt2"))) == {b" b": 2, b" c": 3}
    assert source.report is not None
    assert source.report.dropped == 1


def test_a_very_long_pretoken_is_cut_and_said() -> None:
    text = "é" * 100_000
    with pytest.warns(TokenworksWarning, match="1 pretokens are longer than 65,536 bytes"):
        found = as_dict(TextSource.of_texts([text]).counts(pretokens("gpt2")))
    assert all(len(word) <= 65536 and word.decode() for word in found)
    assert sum(len(word) * count for word, count in found.items()) == 200_000


def test_no_text() -> None:
    with pytest.raises(FormatError, match="no text"):
        TextSource.of_texts(["", ""]).counts(pretokens("gpt2"))


def test_unknown_patterns() -> None:
    with pytest.raises(UnknownNameError, match="did you mean cl100k"):
        pretokens("cl100")
    with pytest.raises(OptionError, match="no regular expression"):
        pretokens("(a|b")


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    counter = _native.Counter("gpt2", 1, 0, f"{tmp_path}/missing/run-", 65536)
    counter.add(b"one two", np.array([7], dtype=np.uint64))
    with pytest.raises(OSError, match=r"cannot write .*missing"):
        counter.flush()
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(WriteError, match="cannot make a folder"):
        TextSource.of_texts(["a"], memory=1 << 30, scratch=blocked).counts(pretokens("gpt2"))
