"""BoundlessBPE in one phase, on whole documents: word merges and superword merges side by side."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

Token = tuple[
    bool, int
]  # is a superword, its number among its kind: words before superwords in ties
Pretoken = tuple[Token, ...]


def _joined(parts: Sequence[Token], pair: tuple[Token, Token], token: Token) -> tuple[Token, ...]:
    out: list[Token] = []
    i = 0
    while i < len(parts):
        if tuple(parts[i : i + 2]) == pair:
            out.append(token)
            i += 2
        else:
            out.append(parts[i])
            i += 1
    return tuple(out)


def learn(
    documents: Iterable[Sequence[bytes]],
    alphabet: Sequence[bytes],
    merges: int,
    eligible: Callable[[bytes], bool],
) -> tuple[list[bytes], list[bytes]]:
    """Words and superwords in the order in which they are learned.

    documents: pretokens of each. alphabet: the single bytes in the order of their ids.
    """
    spelled: dict[Token, bytes] = {(False, i): byte for i, byte in enumerate(alphabet)}
    number = {byte: token for token, byte in spelled.items()}
    corpus: list[list[Pretoken]] = [
        [tuple(number[bytes((byte,))] for byte in pretoken) for pretoken in document]
        for document in documents
    ]
    words: list[bytes] = []
    supers: list[bytes] = []

    def may_join(pretoken: Pretoken) -> bool:
        return len(pretoken) == 1 and (pretoken[0][0] or eligible(spelled[pretoken[0]]))

    for _ in range(merges):
        inside: Counter[tuple[Token, Token]] = Counter()
        across: Counter[tuple[Token, Token]] = Counter()
        for document in corpus:
            for pretoken in document:
                inside.update(itertools.pairwise(pretoken))
            for left, right in itertools.pairwise(document):
                if may_join(left) and may_join(right):
                    across[left[0], right[0]] += 1
        best_word = min(inside, key=lambda pair: (-inside[pair], pair), default=None)
        best_super = min(across, key=lambda pair: (-across[pair], pair), default=None)
        word_count = inside[best_word] if best_word else 0
        super_count = across[best_super] if best_super else 0
        if best_super and super_count > word_count:
            token = (True, len(supers))
            spelled[token] = spelled[best_super[0]] + spelled[best_super[1]]
            supers.append(spelled[token])
            corpus = [_across(document, best_super, token) for document in corpus]
        elif best_word:
            token = (False, len(alphabet) + len(words))
            spelled[token] = spelled[best_word[0]] + spelled[best_word[1]]
            words.append(spelled[token])
            corpus = [[_joined(p, best_word, token) for p in document] for document in corpus]
        else:
            break
    return words, supers


def _across(document: list[Pretoken], pair: tuple[Token, Token], token: Token) -> list[Pretoken]:
    out: list[Pretoken] = []
    i = 0
    while i < len(document):
        if document[i] == pair[:1] and document[i + 1 : i + 2] == [pair[1:]]:
            out.append((token,))
            i += 2
        else:
            out.append(document[i])
            i += 1
    return out
