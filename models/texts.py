"""The texts of the reference models, and the parts of them that no model sees.

English: the 100 English novels of the test collection, all in the public domain; every 25th, from
the 13th on, is held out whole. Chinese: the Song poems in its file `multi.txt`, likewise in the public
domain; the last 100,000 bytes are held out.
"""

from __future__ import annotations

import re
from pathlib import Path

HELD_OUT_BYTES = 100_000  # of each held-out text are scored
_CHINESE = re.compile(
    r"[\u3400-\u4dbf\u4e00-\u9fff，。、；：？！「」『』《》〈〉（）□○… 　]*[\u4e00-\u9fff][，。？！]?"
)


def write_english(novels: Path, training: Path, held_out: Path) -> None:
    """Split the novels into two folders."""
    for number, source in enumerate(sorted(novels.rglob("*.txt"))):
        folder = held_out if number % 25 == 12 else training
        folder.mkdir(parents=True, exist_ok=True)
        (folder / source.name).write_bytes(source.read_bytes())


def write_chinese(collection: Path, training: Path, held_out: Path) -> None:
    """The lines of Chinese characters alone up to where other text begins, a file for each side."""
    kept: list[str] = []
    others = 0
    for line in collection.read_text("utf-8", "replace").splitlines(keepends=True):
        if not line.strip():
            kept += [line] * bool(kept)
        elif _CHINESE.fullmatch(line.rstrip("\n")):
            kept.append(line)
            others = 0
        elif kept:
            others += 1
            if others > 100:
                break
    whole = "".join(kept)
    poems = (
        whole[: whole.rindex("。") + 1].encode() + b"\n"
    )  # what follows are headings of other text
    cut = poems.rindex(b"\n\n", 0, len(poems) - HELD_OUT_BYTES) + 2
    for folder, part in ((training, poems[:cut]), (held_out, poems[cut:])):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "song-poems.txt").write_bytes(part)


def write_both(english: Path, chinese: Path, training: Path) -> None:
    """The poems with so many of the novels that a quarter or so of the bytes are Chinese."""
    training.mkdir(parents=True, exist_ok=True)
    for source in [*sorted(english.glob("*.txt"))[::8], *chinese.glob("*.txt")]:
        (training / source.name).write_bytes(source.read_bytes())


def sample(folder: Path) -> list[str]:
    """The beginning of each held-out text, cut between lines."""
    found = []
    for path in sorted(folder.rglob("*.txt")):
        data = path.read_bytes()[:HELD_OUT_BYTES]
        found.append(data[: data.rindex(b"\n") + 1].decode("utf-8-sig", "replace"))
    return found
