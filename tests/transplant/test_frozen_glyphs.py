"""Frozen glyphs: rows of length 1 that depend on the drawing alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tokenworks.errors import FormatError, OptionError
from tokenworks.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings, Held, whole
from tokenworks.transplant.frozen_glyphs import collisions, drawn, frozen_glyphs
from tokenworks.transplant.initialization import Given

TOKENIZER = Tokenizer.load("kl3m-004-char-4k-cased")
# A, B and a character of double width, as GNU Unifont writes them.
LINES = (
    "0041:0000000018242442427E424242420000",
    "0042:000000007C4242427C424242427C0000",
    "4E00:000000000000000000000000FFFE0000000000000000000000000000000000000000"[:69],
)


def _font(folder: Path, *lines: str) -> Path:
    path = folder / "font.hex"
    path.write_text("\n".join(lines or LINES) + "\n")
    return path


def _embeddings() -> Embeddings:
    return Embeddings(Held(np.random.default_rng(0).normal(size=(4096, 16)).astype(np.float32)))


def test_rows_have_length_one_and_the_output_stays(tmp_path: Path) -> None:
    before = _embeddings()
    font = str(_font(tmp_path))
    made, same = frozen_glyphs(before, TOKENIZER, Given(), font=font)
    rows = whole(made.input)
    assert same == TOKENIZER and np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert made.output is before.input
    assert collisions(rows) > 3000, "the font has two letters: all others are blank"
    assert not np.allclose(rows[TOKENIZER.id_of(b"A")], rows[TOKENIZER.id_of(b"B")])


def test_pictures_are_centred_doubled_and_squeezed(tmp_path: Path) -> None:
    font = _font(tmp_path)
    one, other, wide, none, twice = drawn(["A", "B", "\u4e00", "x", "AA"], font)
    bits = sum(int(digit, 16).bit_count() for digit in LINES[0].partition(":")[2])
    assert one.sum() == 4 * bits and (one != other).any()
    assert wide.any() and not none.any()
    assert twice.any() and (twice != one).any()
    assert np.array_equal(drawn(["A"], font)[0], one)


def test_bad_fonts(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="needs a font"):
        frozen_glyphs(_embeddings(), TOKENIZER, Given())
    with pytest.raises(OptionError, match="cannot read"):
        frozen_glyphs(_embeddings(), TOKENIZER, Given(), font=str(tmp_path / "no.hex"))
    for line in ("0041:00", "xyz", "110000:" + "00" * 16, "0041:" + "zz" * 16):
        with pytest.raises(FormatError, match="line 1"):
            frozen_glyphs(_embeddings(), TOKENIZER, Given(), font=str(_font(tmp_path, line)))
