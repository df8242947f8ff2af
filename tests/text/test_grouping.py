"""Groups of texts: every text once, in order, none held longer than asked."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from tokenworks.text.grouping import grouped


@given(st.lists(st.text(max_size=9)), st.integers(1, 20), st.one_of(st.none(), st.integers(1, 4)))
def test_groups_hold_every_text_and_end_when_full(
    texts: list[str], characters: int, most: int | None
) -> None:
    groups = list(grouped(texts, characters, most))
    assert [text for group in groups for text in group] == texts
    assert all(groups)
    for number, group in enumerate(groups, 1):
        assert sum(map(len, group[:-1])) < characters
        assert most is None or len(group) <= most
        full = sum(map(len, group)) >= characters or len(group) == most
        assert full or number == len(groups)


def test_texts_are_read_as_groups_are_asked_for() -> None:
    read = []

    def texts() -> Iterator[str]:
        for text in ("aa", "bb", "cc", "dd"):
            read.append(text)
            yield text

    groups = grouped(texts(), 4)
    assert next(groups) == ["aa", "bb"]
    assert read == ["aa", "bb"]
