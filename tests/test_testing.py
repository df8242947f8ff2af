"""The contract runner, on a small family of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tokenworks import registry, testing
from tokenworks.errors import UnknownNameError
from tokenworks.registry import method
from tokenworks.testing import LawBrokenError, check, examine, law

Pack = Callable[[list[int], int], list[list[int]]]


@law("every document stands in exactly one bin")
def every_document_once(pack: Pack) -> None:
    bins = pack([3, 1, 2], 4)
    placed = sorted(index for one in bins for index in one)
    assert placed == [0, 1, 2], f"documents [0, 1, 2] were placed as {placed}"


@law("no bin holds more than its capacity")
def no_overflow(pack: Pack) -> None:
    lengths = [3, 1, 2]
    fullest = max(sum(lengths[index] for index in one) for one in pack(lengths, 4))
    assert fullest <= 4, f"a bin of capacity 4 holds {fullest}"


@law("documents keep their order", when="ordered")
def ordered(pack: Pack) -> None:
    bins = pack([3, 1, 2], 4)
    assert [index for one in bins for index in one] == [0, 1, 2]


LAWS = (every_document_once, no_overflow, ordered)


@pytest.fixture(autouse=True)
def _forget_local_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_local", {})


def good(lengths: list[int], capacity: int) -> list[list[int]]:
    """One document in each bin."""
    return [[index] for index in range(len(lengths))]


def overfull(lengths: list[int], capacity: int) -> list[list[int]]:
    """All in one bin, last first."""
    return [list(reversed(range(len(lengths))))]


def crashing(lengths: list[int], capacity: int) -> list[list[int]]:
    """Raises."""
    raise ZeroDivisionError("capacity")


def test_a_lawful_method_passes_by_object_and_by_name() -> None:
    item = method("packing", "one-each", declares=("ordered",))(good)
    assert [finding.outcome for finding in check(item, LAWS).findings] == ["held"] * 3
    assert not check("packing/one-each", LAWS).broken


def test_laws_apply_to_what_is_declared() -> None:
    item = method("packing", "one-each")(good)
    assert [finding.outcome for finding in examine(item, LAWS).findings] == [
        "held",
        "held",
        "not declared",
    ]


def test_a_broken_law_is_readable() -> None:
    item = method("packing", "overfull", declares=("ordered",))(overfull)
    with pytest.raises(LawBrokenError) as caught:
        check(item, LAWS)
    message = str(caught.value)
    assert "2 laws broken by packing/overfull" in message
    assert "BROKEN" in message
    assert "no overflow: no bin holds more than its capacity" in message
    assert "a bin of capacity 4 holds 6" in message
    assert "the assertion failed" in message or "assert" in message


def test_a_crash_breaks_the_law() -> None:
    item = method("packing", "crashing")(crashing)
    broken = examine(item, LAWS).broken
    assert len(broken) == 2
    assert broken[0].message == "raised ZeroDivisionError: capacity"


def test_an_undecorated_function_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="decorate it"):
        check(lambda lengths, capacity: [], LAWS)


def test_a_family_without_laws_is_named() -> None:
    with pytest.raises(UnknownNameError, match="states no laws"):
        testing.laws_of("tasks")


def test_every_built_family_states_its_laws() -> None:
    for family in {info.family for info in registry.methods()}:
        assert testing.laws_of(family), family


@pytest.mark.parametrize("key", [info.key for info in registry.methods()])
def test_every_method_passes_the_laws_of_its_family(key: str) -> None:
    check(key)
