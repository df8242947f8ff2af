"""What a language model has to beat on the same held-out text: xz, and n-grams of bytes and tokens."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from kneser_ney import KneserNey
from numpy.typing import NDArray

from tokenworks.files import write_json
from tokenworks.lm.token_file import TokenFile

ORDER = 5


def baselines(
    training: Path, texts: list[str], file: TokenFile, tokenizer: object
) -> dict[str, float]:
    """Bits per byte of held-out texts.

    Args:
        training: the folder of the text that the models learned from.
        texts: those held out. file: the ids of the training text. tokenizer: that made them.

    Returns:
        xz: of the texts together; it has not seen the training text.
        bytes_5gram, tokens_5gram: interpolated modified Kneser-Ney over the whole training text.
    """
    held_out = "".join(texts).encode()
    size = len(held_out)
    known = b"".join(path.read_bytes() for path in sorted(training.rglob("*.txt")))
    data = np.frombuffer(known, np.uint8)
    grams = KneserNey(data, 256, ORDER)
    found = {
        "xz": 8 * len(lzma.compress(held_out, preset=9 | lzma.PRESET_EXTREME)) / size,
        "bytes_5gram": _bits(grams, [np.frombuffer(t.encode(), np.uint8) for t in texts]) / size,
    }
    del grams
    rows = int(file.ids().max()) + 1
    grams = KneserNey(np.asarray(file.ids()), rows, ORDER)
    encoded = [tokenizer.encode(text, specials="text") for text in texts]  # type: ignore[attr-defined]
    start = np.array([file.separator])
    found["tokens_5gram"] = (
        _bits(grams, [np.concatenate([start, ids]) for ids in encoded], begin=1) / size
    )
    return found


def kept(path: Path, *given: object) -> dict[str, float]:
    """`baselines` of an earlier call where its file is there, for they take minutes."""
    if not path.exists():
        write_json(path, baselines(*given))  # type: ignore[arg-type]
    found: dict[str, float] = json.loads(path.read_text("utf-8"))
    return found


def _bits(grams: KneserNey, texts: Iterable[NDArray[np.integer]], begin: int = 0) -> float:
    return sum(float(grams.nats(ids, begin).sum()) for ids in texts) / float(np.log(2))
