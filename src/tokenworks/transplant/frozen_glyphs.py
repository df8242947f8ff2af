"""Frozen glyph embeddings: the input matrix is what the tokens look like, and is never trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import FormatError, OptionError
from tokenworks.registry import method
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings, Floats, Held
from tokenworks.transplant.initialization import Given
from tokenworks.transplant.matching import token_ids

CELL = 32  # pixels of a side
Bits = NDArray[np.bool_]


@method(
    "transplant",
    "frozen-glyphs",
    paper="arXiv:2507.04886",
    year=2025,
    fidelity="adapted",
    declares=("transform", "needs-font"),
)
def frozen_glyphs(
    embeddings: Embeddings, tokenizer: Tokenizer, given: Given, *, font: str = ""
) -> tuple[Embeddings, Tokenizer]:
    """Make the input matrix of drawings of the tokens, for a model that is trained with it frozen.

    Inputs/outputs: matrices and a tokenizer; the same tokenizer, an input matrix of rows of length 1, and
    the old output matrix, apart from it. Each character is drawn in a cell of 32 x 32 pixels, the
    string squeezed into one cell, its pixels read from the centre outwards, and the 1,024 bits
    projected on as many principal components as the model is wide. `font`: a .hex file of GNU Unifont.
    Strings that look alike once squeezed get equal rows (see `collisions`). Cost: one product of
    tokens x 1,024 x 1,024. Deviations: no augmentation; at most the model's width of components; bytes
    that are no UTF-8 are drawn as their escapes. Raises: OptionError without a font, FormatError for a
    damaged one.
    """
    if not font:
        raise OptionError("frozen-glyphs needs a font: --option font=unifont.hex (GNU Unifont)")
    ids = token_ids(tokenizer)
    texts = [tokenizer.token_bytes(number).decode("utf-8", "backslashreplace") for number in ids]
    pictures = drawn(texts, Path(font))
    rows = np.zeros((embeddings.input.rows, embeddings.input.width), np.float32)
    rows[ids] = principal(pictures, embeddings.input.width)
    output = embeddings.output if embeddings.output is not None else embeddings.input
    return Embeddings(Held(rows), output, embeddings.bias), tokenizer


def drawn(texts: list[str], font: Path) -> Bits:
    """The pictures of some strings, bool [n, 1024], pixels by distance from the centre, then angle."""
    cells = _cells({character for text in texts for character in text}, font)
    blank = np.zeros((CELL, CELL), np.float32)
    offsets = np.arange(CELL) - (CELL - 1) / 2
    radius = np.hypot(offsets[:, None], offsets[None, :]).round(6)
    angle = np.arctan2(offsets[:, None], offsets[None, :])
    order = np.lexsort((angle.reshape(-1), radius.reshape(-1)))
    found = np.zeros((len(texts), CELL * CELL), np.bool_)
    for place, text in enumerate(texts):
        if not text:
            continue
        line = np.concatenate([cells.get(character, blank) for character in text], axis=1)
        squeezed = line.reshape(CELL, CELL, len(text)).mean(axis=2)
        inked = (squeezed >= squeezed.max() / 2) & (squeezed > 0)
        found[place] = inked.reshape(-1)[order]
    return found


def principal(pictures: Bits, width: int) -> Floats:
    """Pictures on their first principal components, float32 [n, width], each of length 1."""
    centred = pictures.astype(np.float32)
    centred -= centred.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    kept = vectors[:, np.argsort(-values)[:width]]
    signs = np.sign(kept[np.abs(kept).argmax(axis=0), np.arange(kept.shape[1])])
    found = np.zeros((len(pictures), width), np.float32)
    found[:, : kept.shape[1]] = centred @ (kept * signs)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    found[lengths[:, 0] == 0, 0] = 1
    scaled: Floats = found / np.where(lengths == 0, 1, lengths)
    return scaled


def collisions(rows: Floats) -> int:
    """How many rows are equal to an earlier one."""
    return len(rows) - len(np.unique(rows.round(5), axis=0))


def _cells(wanted: set[str], font: Path) -> dict[str, Floats]:
    """Cells of characters that the font has: its 8 or 16 x 16 pixels doubled, in the middle."""
    found: dict[str, Floats] = {}
    try:
        lines = font.read_text("ascii").splitlines()
    except OSError as error:
        raise OptionError(f"cannot read the font {font}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FormatError(f"{font}: expected lines like 0041:0000...; is it a .hex file?") from None
    for number, line in enumerate(lines, start=1):
        code, _, digits = line.partition(":")
        try:
            character, data = chr(int(code, 16)), bytes.fromhex(digits)
            if len(data) not in (16, 32):
                raise ValueError
        except (ValueError, OverflowError):
            raise FormatError(
                f"{font}, line {number}: expected a code, a colon, 32 or 64 digits"
            ) from None
        if character not in wanted:
            continue
        bits = np.unpackbits(np.frombuffer(data, np.uint8)).reshape(16, -1)
        large = bits.repeat(2, axis=0).repeat(2, axis=1)
        cell = np.zeros((CELL, CELL), np.float32)
        left = (CELL - large.shape[1]) // 2
        cell[:, left : left + large.shape[1]] = large
        found[character] = cell
    return found
