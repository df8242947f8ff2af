"""What initializers are given: texts, translations, a dictionary, a donor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenworks.data.udhr import declaration
from tokenworks.errors import FormatError, OptionError
from tokenworks.text.reading import documents

HELD_OUT = 20  # one block of so many
_MOST_TEXT = 32 << 20  # characters that initializers read
_MOST_SCORED = 60_000  # characters that are scored
_BLOCK = 2000


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts for the method, and others, held out, that are scored; `name` says where they come from."""

    name: str
    given: tuple[str, ...]
    scored: tuple[str, ...]


def read_texts(on: Sequence[str], field: str = "text") -> Texts:
    """Blocks of a corpus, every twentieth of them held out for scoring.

    Raises:
        FormatError: the corpus holds no text.
    """
    if not on:
        return Texts(
            "the Universal Declaration of Human Rights (English)", (), (declaration("en").text,)
        )
    given: list[str] = []
    held: list[str] = []
    size = scored = number = 0
    for document in documents(list(on), field=field):
        for block in _blocks(document.text):
            number += 1
            if number % HELD_OUT == HELD_OUT // 2 and scored < _MOST_SCORED:
                held.append(block)
                scored += len(block)
            elif size < _MOST_TEXT:
                given.append(block)
                size += len(block)
        if size >= _MOST_TEXT:
            break
    name = ", ".join(Path(one).name for one in on)
    if not given:
        raise FormatError(f"{', '.join(map(str, on))}: no text")
    if not held:  # too little to hold any of it out
        return Texts(f"{name} (also given to the method)", tuple(given), tuple(given))
    return Texts(f"{name} (held out)", tuple(given), tuple(held))


def _blocks(text: str) -> Iterator[str]:
    """Pieces of 2,000 to 4,000 characters, cut at the ends of lines or words where there are any."""
    start = 0
    while start < len(text):
        least, most = start + _BLOCK, start + 2 * _BLOCK
        end = text.find("\n", least, most)
        if end < 0 and most < len(text):
            end = text.rfind(" ", least, most)
        end = min(most, len(text)) if end < 0 else end
        block = text[start:end].strip("\n")
        if block.strip():
            yield block
        start = end


def read_parallel(files: tuple[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Translations from two files with a sentence per line.

    Raises:
        OptionError: a file is missing, or their lines do not pair.
    """
    if files is None:
        return ()
    sides = [_lines(Path(name)) for name in files]
    if len(sides[0]) != len(sides[1]):
        raise OptionError(
            f"{files[0]} has {len(sides[0]):,} lines, {files[1]} {len(sides[1]):,}; line i of one must "
            "translate line i of the other"
        )
    return tuple((a, b) for a, b in zip(*sides, strict=True) if a.strip() and b.strip())


def read_dictionary(file: str | None) -> tuple[tuple[str, str], ...]:
    """Words of the model's language and of the new one, with a tab between them, one pair per line.

    Raises:
        OptionError: the file is missing.
        FormatError: a line without a tab.
    """
    if file is None:
        return ()
    pairs = []
    for number, line in enumerate(_lines(Path(file)), start=1):
        if not line.strip():
            continue
        one, tab, two = line.partition("\t")
        if not tab:
            raise FormatError(f"{file}, line {number}: expected two words with a tab between them")
        pairs.append((one.strip(), two.strip()))
    return tuple(pairs)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except OSError as error:
        raise OptionError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: no UTF-8 at byte {error.start}") from None
