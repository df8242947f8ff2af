"""How alike letters look: the table that the robustness method takes its look-alikes from.

    pip install pillow font-roboto
    python benchmarks/glyph_similarity.py [FONT.ttf ...] [-o src/tokenworks/evaluation/look_alikes.json]

Every letter of the Latin, Greek and Cyrillic blocks that a font has is rendered, blurred a little, and
compared with every other; the similarity is the ink that both have over the ink that either has, the
mean over the fonts. Roboto (Apache-2.0, from the package font-roboto) where no font is named. The
judgements of readers in the LEGIT data would be better; they are not at hand.
"""

from __future__ import annotations

import argparse
import json
import unicodedata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SIZE, CANVAS, BLUR = 40, (64, 72), 1.0
BLOCKS = ((0x41, 0x250), (0x370, 0x400), (0x400, 0x530), (0x1E00, 0x1F00))
NEIGHBOURS, LEAST = 14, 0.5
OF = [*range(0x41, 0x5B), *range(0x61, 0x7B), *range(0x400, 0x460), *range(0x391, 0x3CA)]


def letters() -> list[str]:
    points = [chr(point) for low, high in BLOCKS for point in range(low, high)]
    return [c for c in points if unicodedata.category(c) in ("Lu", "Ll")]


def pictures(path: str, characters: list[str]) -> NDArray[np.float32]:
    """Blurred pictures of characters on one baseline; 0 where the font has none."""
    font = ImageFont.truetype(path, SIZE)
    missing = _picture(font, "\U0010fffe")
    found = np.zeros((len(characters), CANVAS[0] * CANVAS[1]), np.float32)
    for number, character in enumerate(characters):
        picture = _picture(font, character)
        if picture.any() and not np.array_equal(picture, missing):
            found[number] = picture / 255
    return found


def _picture(font: ImageFont.FreeTypeFont, character: str) -> NDArray[np.float32]:
    image = Image.new("L", CANVAS, 0)
    left = (CANVAS[0] - font.getlength(character)) / 2
    ImageDraw.Draw(image).text((left, 52), character, fill=255, font=font, anchor="ls")
    blurred = image.filter(ImageFilter.GaussianBlur(BLUR))
    return np.asarray(blurred, np.float32).ravel()


def shared_ink(one: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """The ink of both over that of either, for one picture and each of others: float32 [n]."""
    both = np.minimum(one, others).sum(axis=1)
    either = np.maximum(one, others).sum(axis=1)
    return both / np.maximum(either, 1e-9)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("fonts", nargs="*")
    parser.add_argument("-o", "--output")
    arguments = parser.parse_args()
    if not arguments.fonts:
        import font_roboto

        arguments.fonts = [font_roboto.Roboto]
    characters = letters()
    pictured = [pictures(path, characters) for path in arguments.fonts]
    have = np.all([found.any(axis=1) for found in pictured], axis=0)
    table: dict[str, dict[str, float]] = {}
    for point in OF:
        own = characters.index(chr(point)) if chr(point) in characters else -1
        if own < 0 or not have[own]:
            continue
        row = np.mean([shared_ink(found[own], found) for found in pictured], axis=0)
        order = [n for n in np.argsort(-row, kind="stable") if have[n] and n != own]
        best = [n for n in order[:NEIGHBOURS] if row[n] >= LEAST]
        table[chr(point)] = {characters[n]: round(float(row[n]), 3) for n in best}
    print(f"{len(table)} letters, {sum(map(len, table.values()))} pairs from {have.sum()} letters")
    for letter in "aeoInd":
        shown = ", ".join(f"{other} {value:.2f}" for other, value in table[letter].items())
        print(f"{letter}: {shown}")
    if arguments.output:
        text = json.dumps(table, ensure_ascii=False, separators=(",", ":"))
        Path(arguments.output).write_text(text.replace("},", "},\n") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
