"""What a language model has to beat on the same held-out text: xz, and n-grams of bytes and tokens."""

from __future__ import annotations

import json
import lzma
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from kneser_ney import KneserNey
from numpy.typing import NDArray

from tokenworks.files import write_json
from tokenworks.lm.token_file import TokenFile
from tokenworks.tokenizer import Tokenizer

ORDER = 5


def of_bytes(training: Path, texts: list[str]) -> dict[str, float]:
    """Bits per byte of held-out texts, by what sees bytes.

    Args:
        training: the folder of the text that the models learned from.
        texts: those held out.

    Returns:
        xz: of the texts together; it has not seen the training text.
        bytes_5gram: interpolated modified Kneser-Ney over the whole training text.
    """
    held_out = "".join(texts).encode()
    known = b"".join(path.read_bytes() for path in sorted(training.rglob("*.txt")))
    grams = KneserNey(np.frombuffer(known, np.uint8), 256, ORDER)
    bits = _bits(grams, [np.frombuffer(text.encode(), np.uint8) for text in texts])
    packed = lzma.compress(held_out, preset=9 | lzma.PRESET_EXTREME)
    return {"xz": 8 * len(packed) / len(held_out), "bytes_5gram": bits / len(held_out)}


def of_tokens(texts: list[str], file: TokenFile, tokenizer: Tokenizer) -> dict[str, float]:
    """Bits per byte of held-out texts, by n-grams of a model's own tokens.

    Args:
        texts: those held out.
        file: the ids of the training text. tokenizer: that made them.

    Returns:
        tokens_5gram: interpolated modified Kneser-Ney over the whole training text.
    """
    rows = int(file.ids().max()) + 1
    grams = KneserNey(np.asarray(file.ids()), rows, ORDER)
    encoded = [tokenizer.encode(text, specials="text") for text in texts]
    start = np.array([file.separator])
    bits = _bits(grams, [np.concatenate([start, ids]) for ids in encoded], begin=1)
    return {"tokens_5gram": bits / len("".join(texts).encode())}


def kept(path: Path, make: Callable[[], dict[str, float]]) -> dict[str, float]:
    """What an earlier call found, where its file is there, for it takes minutes."""
    if not path.exists():
        write_json(path, make())
    found: dict[str, float] = json.loads(path.read_text("utf-8"))
    return found


def _bits(grams: KneserNey, texts: Iterable[NDArray[np.integer]], begin: int = 0) -> float:
    return sum(float(grams.nats(ids, begin).sum()) for ids in texts) / float(np.log(2))
