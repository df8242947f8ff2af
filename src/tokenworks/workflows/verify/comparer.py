"""Compare what two subjects make of a batch of texts, in every use that both offer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.text.hostile import Sample
from tokenworks.workflows.verify.subjects import Aspect, Ragged, Subject

# Uses after the first are compared where they can matter, and on every such text besides: the
# libraries compared with are often a hundred times slower than the texts are made.
THINNED = 8


class Comparer:
    """Two subjects and the way their ids are compared."""

    def __init__(
        self, a: Subject, b: Subject, aspects: Sequence[Aspect], compare_bytes: bool
    ) -> None:
        self.a = a
        self.b = b
        self.aspects = tuple(aspects)
        self.compare_bytes = compare_bytes
        self.classes = _classes(a, b) if compare_bytes else None

    @cached_property
    def _may_hold_special(self) -> re.Pattern[str]:
        heads = {re.escape(s[:2]) for s in (*self.a.specials, *self.b.specials) if s}
        return re.compile("|".join(sorted(heads)) or r"(?!)")

    def first_difference(self, batch: Sequence[Sample]) -> tuple[int, str] | None:
        """The index of a text that differs and the use in which it does, or None."""
        hits: list[tuple[int, str]] = []
        for number, aspect in enumerate(self.aspects):
            chosen = range(len(batch)) if number == 0 else self._chosen(batch)
            if aspect == "template":
                chosen = [i for i in chosen if i % 2 == 0]
            texts = [batch[i].text for i in chosen]
            if not texts:
                continue
            one, two = self.a.encoders[aspect](texts), self.b.encoders[aspect](texts)
            at = self._unequal(one, two)
            if at is not None:
                hits.append((chosen[at], aspect))
            elif number == 0 or len(self.aspects) == 1:
                at = self._decodes_differently(one, two, batch)
                if at is not None:
                    hits.append((at, "decode"))
        return min(hits, default=None, key=lambda h: h[0])

    def _chosen(self, batch: Sequence[Sample]) -> list[int]:
        aimed = self._may_hold_special
        return [
            i
            for i, s in enumerate(batch)
            if i % THINNED == 0 or s.kind.startswith("target") or aimed.search(s.text)
        ]

    def differs(self, text: str, aspect: str) -> bool:
        """Whether this one text differs in this use."""
        if aspect == "decode":
            return self.decoded(text) is not None
        chosen: Aspect = aspect  # type: ignore[assignment]
        one, two = self.a.encoders[chosen]([text]), self.b.encoders[chosen]([text])
        return self._unequal(one, two) is not None

    def same_ids(self, one: Sequence[int], two: Sequence[int]) -> bool:
        """Whether two lists of ids are the same tokens."""
        if self.classes is None:
            return list(one) == list(two)
        a = self.classes[0][np.asarray(one, dtype=np.int64)]
        return np.array_equal(a, self.classes[1][np.asarray(two, dtype=np.int64)])

    def decoded(self, text: str) -> tuple[str, str] | None:
        """Both decodings of the text's ids when they differ."""
        if self.a.decode is None or self.b.decode is None:
            return None
        aspect = self.aspects[0]
        one = self.a.decode(self.a.encode(text, aspect))
        two = self.b.decode(self.b.encode(text, aspect))
        return None if one == two else (one, two)

    def _decodes_differently(self, one: Ragged, two: Ragged, batch: Sequence[Sample]) -> int | None:
        if self.a.decode is None or self.b.decode is None:
            return None
        for i in range(0, len(batch), 1 if batch[0].kind == "target: decoder" else 2 * THINNED):
            rows = [r[0][int(r[1][i]) : int(r[1][i + 1])].tolist() for r in (one, two)]
            if self.a.decode(rows[0]) != self.b.decode(rows[1]):
                return i
        return None

    def _unequal(self, one: Ragged, two: Ragged) -> int | None:
        ids_a: NDArray[Any] = one[0]
        ids_b: NDArray[Any] = two[0]
        if self.classes is not None:
            ids_a, ids_b = self.classes[0][ids_a], self.classes[1][ids_b]
        starts_a, starts_b = one[1], two[1]
        if np.array_equal(starts_a, starts_b) and np.array_equal(ids_a, ids_b):
            return None
        for i in range(len(starts_a) - 1):
            row_a = ids_a[int(starts_a[i]) : int(starts_a[i + 1])]
            row_b = ids_b[int(starts_b[i]) : int(starts_b[i + 1])]
            if not np.array_equal(row_a, row_b):
                return i
        return None


def _classes(a: Subject, b: Subject) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each side, id -> a number shared by tokens of equal bytes and kind."""
    numbers: dict[tuple[bytes, bool], int] = {}
    tables = []
    for side in (a, b):
        d = side.definition
        if d is None:
            raise OptionError(f"{side.name} does not tell the bytes of its tokens: compare ids")
        entries = {int(i): (p, False) for i, p in zip(d.model.ids, d.model.pieces, strict=True)}
        entries.update({t.id: (t.content.encode(), True) for t in d.added})
        table = np.full(max(entries, default=0) + 1, -1, dtype=np.int64)
        for token, key in entries.items():
            table[token] = numbers.setdefault(key, len(numbers))
        tables.append(table)
    return tables[0], tables[1]
