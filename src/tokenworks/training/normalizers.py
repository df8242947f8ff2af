"""Text made uniform before it is split: the steps of tokenizer.json, run natively."""

from __future__ import annotations

import json
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from tokenworks import _native
from tokenworks.errors import OptionError, UnknownNameError
from tokenworks.text.bulk import Batch
from tokenworks.tokenizer.definition import Step

# Steps that need no options; the rest are written as they stand in tokenizer.json.
_SIMPLE: dict[str, Step] = {
    "nfc": {"type": "NFC"},
    "nfd": {"type": "NFD"},
    "nfkc": {"type": "NFKC"},
    "nfkd": {"type": "NFKD"},
    "lowercase": {"type": "Lowercase"},
    "strip": {"type": "Strip", "strip_left": True, "strip_right": True},
    "strip-accents": {"type": "StripAccents"},
    "nmt": {"type": "Nmt"},
    "bert": {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": True,
        "strip_accents": None,
        "lowercase": True,
    },
}


def normalizer_steps(given: Sequence[str | Step]) -> tuple[Step, ...]:
    """Steps from names (nfc, nfkc, lowercase, ...), JSON objects, or steps as they are.

    Raises:
        UnknownNameError: no step of this name; the nearest are given.
        OptionError: a step that cannot be run, with what it lacks.
    """
    steps = tuple(_step(one) for one in given)
    for step in steps:
        try:
            _pipeline([step])
        except (ValueError, KeyError, TypeError) as error:
            raise OptionError(f"normalizer {json.dumps(dict(step))}: {error}") from None
    return steps


def _step(one: str | Step) -> Step:
    if not isinstance(one, str):
        return one
    if one.lstrip().startswith("{"):
        try:
            parsed: Any = json.loads(one)
        except ValueError as error:
            raise OptionError(f"normalizer {one!r} is no JSON: {error}") from None
        if not isinstance(parsed.get("type"), str):
            raise OptionError(f'normalizer {one!r} has no "type", as in {{"type": "NFC"}}')
        return parsed  # type: ignore[no-any-return]
    name = one.lower().replace("_", "-")
    if name not in _SIMPLE:
        near = get_close_matches(name, _SIMPLE, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(_SIMPLE)}"
        raise UnknownNameError(
            f"unknown normalizer {one!r}; {hint} A step as in tokenizer.json also does."
        )
    return _SIMPLE[name]


def _pipeline(steps: Sequence[Step]) -> Any:
    from tokenworks.tokenizer.pattern_split import matches  # loads the regex library

    return _native.Pipeline([dict(step) for step in steps], [], split=matches)


class Normalizer:
    """Runs steps over batches. Small and picklable; the native part is made on first use."""

    def __init__(self, steps: Sequence[Step] = ()) -> None:
        self._steps = tuple(steps)
        self._pipeline: Any = None

    def __call__(self, batch: Batch) -> Batch:
        """The batch with every document normalized."""
        if self._pipeline is None:
            self._pipeline = _pipeline(self._steps)
        run = self._pipeline.run
        documents = [
            b"".join(part for part, *_ in run(document, specials="text", track=False))
            for document in map(bytes.decode, batch.documents())
        ]
        lengths = np.fromiter(map(len, documents), np.uint64, len(documents))
        return Batch(b"".join(documents), np.cumsum(lengths, dtype=np.uint64), batch.source)

    def __reduce__(self) -> tuple[type[Normalizer], tuple[tuple[Step, ...]]]:
        return Normalizer, (self._steps,)
