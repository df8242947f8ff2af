"""What initializers are given: texts, translations, a dictionary, a donor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenworks.data.udhr import declaration
from tokenworks.errors import FormatError, OptionError
from tokenworks.text.reading import documents
from tokenworks.text.sampling import is_held_out

HELD_OUT = 0.05
_MOST_TEXT = 32 << 20  # characters that initializers read
_MOST_SCORED = 60_000  # characters that are scored
_CHUNK = 4000


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts for the method, and others, held out, that are scored; `name` says where they come from."""

    name: str
    given: tuple[str, ...]
    scored: tuple[str, ...]


def read_texts(on: Sequence[str], field: str = "text") -> Texts:
    """Paragraphs of a corpus, a twentieth of them held out for scoring.

    Raises:
        FormatError: the corpus holds no text.
    """
    if not on:
        return Texts(
            "the Universal Declaration of Human Rights (English)", (), (declaration("en").text,)
        )
    given: list[str] = []
    held: list[str] = []
    size = scored = 0
    for document in documents(list(on), field=field, split="paragraphs"):
        text = document.text
        if not text.strip():
            continue
        if scored < _MOST_SCORED and is_held_out(text, HELD_OUT):
            held.append(text)
            scored += len(text)
        elif size < _MOST_TEXT:
            given.append(text)
            size += len(text)
        else:
            break
    if not given and not held:
        raise FormatError(f"{', '.join(map(str, on))}: no text")
    name = ", ".join(Path(one).name for one in on)
    if not held:  # too few paragraphs to hold one out
        return Texts(f"{name} (also given to the method)", tuple(given), _chunks(given))
    return Texts(f"{name} (held out)", tuple(given), _chunks(held))


def _chunks(paragraphs: Sequence[str]) -> tuple[str, ...]:
    """Paragraphs joined to texts of a few thousand characters, so that most tokens have a context."""
    chunks: list[str] = []
    part: list[str] = []
    size = total = 0
    for paragraph in paragraphs:
        part.append(paragraph)
        size += len(paragraph)
        if size >= _CHUNK:
            chunks.append("\n\n".join(part))
            total += size
            part, size = [], 0
            if total >= _MOST_SCORED:
                return tuple(chunks)
    if part:
        chunks.append("\n\n".join(part))
    return tuple(chunks)


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
