"""What merging takes within a bound of memory, told before it begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError

if TYPE_CHECKING:
    from tokenworks.training.counted_words import CountedWords

# Bytes that the interpreter and its libraries take, buffers, and the vocabulary.
PROCESS = 128 << 20
_NARROW = 0xFFF0  # tokens that slots of two bytes can tell apart, as the merger has it
_POSITIONS = 0xFFFFFFF0  # in the merger's array of words
_LEAST = 16 << 20  # bytes for candidates
Amount = TypeVar("Amount", int, NDArray[np.uint64])


def slot_bytes(words: Amount, symbols: Amount, known: int) -> Amount:
    """Bytes of the words themselves, with a boundary between two and a table of their weights.

    known: tokens that there are before merging.
    """
    slots = words + symbols
    return slots * (2 if known <= _NARROW else 4) + slots // 16


def memory_of_bounded_merging(
    words: Amount, symbols: Amount, known: int, vocab_size: int
) -> Amount:
    """Bytes that the whole process takes at the least to merge so many distinct words.

    With less for candidates than an eighth of the words, they would be counted anew too often. More
    tokens than two bytes can tell apart need room to write the words again, half as many by then.
    """
    slots = slot_bytes(words, symbols, known)
    grows_wide = known <= _NARROW < vocab_size
    return PROCESS + slots + _LEAST + (slots if grows_wide else slots // 8)


def refuse_too_little(memory: int | None) -> None:
    """Refuse a bound under what the process takes to count at all.

    Raises:
        OptionError: the message says how much that is.
    """
    least = PROCESS + _LEAST
    if memory is not None and memory < least:
        raise OptionError(
            f"--memory {memory / 1e6:,.0f}MB is for the whole process, and that takes "
            f"{least / 1e6:,.0f} MB at the least"
        )


def refuse_too_many(counted: CountedWords) -> None:
    """Refuse words that together have more symbols than positions can be told apart.

    Raises:
        OptionError: the message names the least count that fits.
    """
    slots = counted.words + counted.word_bytes // np.uint64(counted.symbol_bytes)
    total = np.cumsum(slots[::-1])[::-1]
    if total[min(counted.least, len(total) - 1)] < _POSITIONS:
        return
    fitting = np.flatnonzero(total < _POSITIONS)
    rare = len(fitting) and counted.pretokens
    what = f"--min-count {fitting[0]} fits" if rare else "give less text"
    raise OptionError(f"the distinct words together have more than 4 billion symbols; {what}")


def budget_for_candidates(counted: CountedWords, known: int, vocab_size: int) -> int:
    """Bytes that are left for what the merger knows of pairs: two thirds of the rest.

    Tables stand beside their successors while they grow, and what is given back leaves gaps.

    Raises:
        OptionError: too few; the message names the least count that fits.
    """
    assert counted.memory is not None
    memory, least = counted.memory, counted.least
    found, sizes = counted.words, counted.word_bytes // np.uint64(counted.symbol_bytes)
    # [c]: of the words seen at least c times
    words, symbols = (np.cumsum(amount[::-1])[::-1] for amount in (found, sizes))
    needed = memory_of_bounded_merging(words, symbols, known, vocab_size)
    place = min(least, len(needed) - 1)
    if needed[place] <= memory:
        return (memory - PROCESS - int(slot_bytes(words, symbols, known)[place])) * 2 // 3
    fitting = np.flatnonzero(needed <= memory)
    if not counted.pretokens:
        what = "ask for a smaller share of superwords, or give more memory"
    elif not len(fitting):
        what = f"even --min-count {len(needed) - 1} does not fit"
    else:
        fits = int(fitting[0])
        rare = found[least:fits]
        seen = int((rare * np.arange(least, fits, dtype=np.uint64)).sum())
        what = (
            f"--min-count {fits} fits: it leaves out the {int(rare.sum()):,} of "
            f"{int(found.sum()):,} distinct pretokens that were seen less often, "
            f"{seen / counted.pretokens:.2%} of the text, and merges are learned from the rest"
        )
    raise OptionError(
        f"merging {int(words[place]):,} distinct {'pretokens' if counted.pretokens else 'sequences'} "
        f"does not fit into the {memory / 1e6:,.0f} MB of --memory, it takes at least "
        f"{int(needed[place]) / 1e6:,.0f} MB; {what}"
    )
