"""A sample of a stream of texts that is spread evenly and never grows beyond a size."""

from __future__ import annotations

from dataclasses import dataclass, field

from tokenworks.evaluation.sample import Sample
from tokenworks.workflows.compare.texts import Text

SIZE = 4 << 20  # characters that are kept of a corpus
LONGEST = 1 << 15  # characters that are kept of a document


@dataclass(slots=True)
class _OfLabel:
    """The documents kept of one label: every `stride`-th of those seen."""

    stride: int = 1
    seen: int = 0
    size: int = 0
    kept: list[Text] = field(default_factory=list)

    def thin(self) -> int:
        """Keep every other document; the characters that are gone."""
        before = self.size
        self.kept = self.kept[::2]
        self.size = sum(len(text.text) for text in self.kept)
        self.stride *= 2
        return before - self.size


class EvenSample:
    """Every document while there are few, then every second, fourth, eighth ... of the largest labels.

    The same stream gives the same sample, whatever else runs.
    """

    def __init__(self, size: int = SIZE) -> None:
        self._limit = size
        self._size = 0
        self._labels: dict[str, _OfLabel] = {}
        self._cut = False  # some document was shortened

    def add(self, label: str, text: Text) -> None:
        """Take the next document of a label, or pass it over."""
        held = self._labels.setdefault(label, _OfLabel())
        position, held.seen = held.seen, held.seen + 1
        if position % held.stride:
            return
        if len(text.text) > LONGEST:
            self._cut = True
            text = Text(text.text[:LONGEST], text.label, text.where)
        held.kept.append(text)
        held.size += len(text.text)
        self._size += len(text.text)
        while self._size > self._limit:
            largest = max(self._labels.values(), key=lambda one: (len(one.kept) > 1, one.size))
            if len(largest.kept) < 2:
                return
            self._size -= largest.thin()

    @property
    def whole(self) -> bool:
        """True if no document was passed over or shortened."""
        return not self._cut and all(one.stride == 1 for one in self._labels.values())

    def samples(self, *, parallel: bool) -> list[Sample]:
        """The sample, label by label in the order in which they came.

        Args:
            parallel: labels hold the same documents, and must still do so afterwards.
        """
        strides = [one.stride for one in self._labels.values()]
        common = max(strides, default=1) if parallel else 0
        return [
            Sample(text.text, text.where, label)
            for label, one in self._labels.items()
            for text in one.kept[:: max(1, common // one.stride)]
        ]
