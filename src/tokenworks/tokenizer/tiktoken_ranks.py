"""Read tiktoken rank files: lines of a base64 token and its rank.

Such a file holds neither the pattern nor the special tokens. For the published encodings both are
known by the file's SHA-256; other files have them in a `.json` beside (`x.tiktoken.json`, as we write
it), or they must be given. The merges that other formats
need are recovered: a token's last merge joins the two parts that BPE with the lower ranks leaves.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tokenworks._native import recover_merges as _recover_merges
from tokenworks.errors import FormatError, OptionError
from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition, Origin, Step
from tokenworks.tokenizer.known_encodings import ENCODINGS, by_sha256
from tokenworks.tokenizer.pattern_check import check_pattern
from tokenworks.tokenizer.source import parse_json, read_bytes, shorten

# Added to the name of a rank file: pattern and special tokens, in js-tiktoken's words.
SIDECAR = ".json"
_PATTERNS = {known.pattern for known in ENCODINGS.values()}


def read(
    path: Path,
    *,
    encoding: str | None = None,
    pattern: str | None = None,
    specials: Mapping[str, int] | None = None,
) -> Definition:
    """Read a rank file.

    Args:
        path: the `.tiktoken` file, or the JSON that js-tiktoken keeps ranks, pattern and specials in.
        encoding: take pattern and special tokens of this published encoding.
        pattern: the pattern to split text with; needed for a file that is not a published one.
        specials: special tokens and their ids; none if left out.

    Returns:
        The definition; a piece's rank is its id.

    Raises:
        FormatError: a damaged line, a rank missing or doubled, a single byte without a token.
        OptionError: the pattern is unknown and not given, or `encoding` is not a known name.
    """
    data = read_bytes(path)
    if data.lstrip()[:1] == b"{":
        ranks, found_pattern, found_specials = _read_js(path, data)
        pattern = pattern if pattern is not None else found_pattern
        specials = specials if specials is not None else found_specials
        name = path.name.removesuffix(".json")
    else:
        ranks = _read_lines(path, data)
        beside = path.with_name(path.name + SIDECAR)
        if pattern is None and encoding is None and beside.is_file():
            pattern, listed = _read_sidecar(beside, parse_json(beside, read_bytes(beside)))
            specials = specials if specials is not None else listed
        known = encoding or by_sha256(hashlib.sha256(data).hexdigest())
        if known is not None and known not in ENCODINGS:
            raise OptionError(
                f"encoding is {known!r}; known are {', '.join(ENCODINGS)} (or give a pattern)"
            )
        if known is not None:
            pattern = pattern if pattern is not None else ENCODINGS[known].pattern
            specials = specials if specials is not None else ENCODINGS[known].specials
        name = known or path.name.removesuffix(".tiktoken")
    if pattern is None:
        check_ranks(path, ranks, {})  # a damaged file of a published encoding is told as such
        raise OptionError(
            f"{path}: a rank file does not say how text is split, and this is not one of the "
            f"published ({', '.join(ENCODINGS)}); give pattern=... (and specials=...), or encoding=..."
        )
    specials = specials or {}
    check_ranks(path, ranks, specials)
    check_pattern(f"{path}: the pattern", pattern)
    return from_ranks(name, ranks, pattern, specials, Origin("tiktoken", str(path)))


def from_ranks(
    name: str,
    ranks: Mapping[bytes, int],
    pattern: str,
    specials: Mapping[str, int],
    origin: Origin,
) -> Definition:
    """The definition of a tiktoken encoding given as ranks, pattern and special tokens.

    Args:
        name: of the tokenizer.
        ranks: bytes of each token with its rank, which is its id. Every byte must be there.
        pattern: as tiktoken's `pat_str`; text between its matches is dropped.
        specials: special tokens with their ids.
        origin: where it comes from.

    Returns:
        The definition.
    """
    numbers = np.fromiter(ranks.values(), np.uint32, len(ranks))
    pieces = tuple(ranks)
    if (numbers[1:] < numbers[:-1]).any():  # files are in order of rank, as a rule
        order = np.argsort(numbers, kind="stable")
        numbers = numbers[order]
        pieces = tuple(pieces[place] for place in order.tolist())
    end = "<|endoftext|>"
    return Definition(
        name=name,
        model=Bpe(
            pieces=pieces,
            ids=numbers,
            merges=recover_merges(pieces),
            byte_level=True,
            ignore_merges=True,
        ),
        pretokenizer=pattern_steps(pattern),
        decoder=(byte_level_step(),),
        added=tuple(
            AddedToken(number, content)
            for content, number in sorted(specials.items(), key=lambda item: item[1])
        ),
        eos_id=specials.get(end),
        origin=origin,
    )


def byte_level_step() -> Step:
    """The step that makes bytes of text and changes nothing else."""
    return {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": False,
        "use_regex": False,
    }


def pattern_steps(pattern: str) -> tuple[Step, ...]:
    """The pretokenizer of a tiktoken pattern.

    tiktoken drops text that the pattern does not match. The published patterns match everything, so
    that they can be said in the usual form; any other is said as "remove what does not match".
    """
    covers = pattern in _PATTERNS
    split = {
        "type": "Split",
        "pattern": {"Regex": pattern},
        "behavior": "Isolated" if covers else "Removed",
        "invert": not covers,
    }
    return (split, byte_level_step())


def recover_merges(pieces: Sequence[bytes]) -> NDArray[np.uint32]:
    """Merges of byte-level tokens given in rank order.

    Args:
        pieces: the tokens, best rank first; all single bytes that occur must be among them.

    Returns:
        Positions of left and right part, uint32 [m, 2], best rank first. Tokens that merging the
        lower ranks cannot reach have none.
    """
    offsets = np.zeros(len(pieces) + 1, np.uint64)
    np.cumsum(np.fromiter(map(len, pieces), np.uint64, len(pieces)), out=offsets[1:])
    merges: NDArray[np.uint32] = _recover_merges(b"".join(pieces), offsets)
    return merges


def check_ranks(path: Path, ranks: Mapping[bytes, int], specials: Mapping[str, int]) -> None:
    """Refuse ranks that are not those of an encoding.

    Raises:
        FormatError: a rank is missing or doubled, or a byte has no token.
    """
    if len(ranks) == 0:
        raise FormatError(
            f"{path}: no ranks in this file; expected lines of a base64 token and rank"
        )
    numbers = sorted(ranks.values())
    taken = {number: content for content, number in specials.items()}
    expected_numbers = (number for number in itertools.count() if number not in taken)
    for expected, number in zip(expected_numbers, numbers, strict=False):
        if number == expected:
            continue
        if number in taken:
            raise FormatError(
                f"{path}: rank {number} is also the id of the special token {taken[number]!r}; "
                f"each id must have one token"
            )
        if number < expected:
            raise FormatError(f"{path}: two tokens have the rank {number}; each rank has one token")
        raise FormatError(
            f"{path}: rank {expected} is missing (the file goes on with {number}); ranks must be "
            f"without gaps, except for special tokens"
        )
    for byte in range(256):
        if bytes((byte,)) not in ranks:
            raise FormatError(
                f"{path}: no token for the single byte 0x{byte:02X}; every one of the 256 bytes "
                f"must have one"
            )


def _read_lines(path: Path, data: bytes) -> dict[bytes, int]:
    plain = _read_plain(data)
    if plain is not None:
        return plain
    ranks: dict[bytes, int] = {}
    count = 0
    decode = binascii.a2b_base64
    lines = data.split(b"\n")
    for index, line in enumerate(lines):
        if not line or line.isspace():
            continue
        try:
            token, number = line.split()
            ranks[decode(token, strict_mode=True)] = int(number)
        except (ValueError, binascii.Error):
            what = "truncated" if index == len(lines) - 1 and index else "not a rank file"
            raise FormatError(
                f"{path}: {what}: line {index + 1} is {shorten(line[:80].decode('latin-1'))}; "
                f"expected a base64 token and its rank"
            ) from None
        count += 1
    if len(ranks) != count:
        _refuse_double(path, lines)
    if ranks and (min(ranks.values()) < 0 or max(ranks.values()) >= 2**32 - 1):
        raise FormatError(f"{path}: a rank is negative or past 4294967294")
    return ranks


def _read_plain(data: bytes) -> dict[bytes, int] | None:
    """The ranks of a file as tiktoken writes it, 0, 1, 2, ..., without a step of Python per line."""
    fields = data.split()
    size = len(fields) // 2
    numbers = range(size)
    if fields[1::2] != [b"%d" % number for number in numbers] or not data.endswith(b"\n"):
        return None
    if data.count(b"\n") != size or data.count(b" ") != size:
        return None
    try:
        decode = functools.partial(binascii.a2b_base64, strict_mode=True)
        ranks = dict(zip(map(decode, fields[::2]), numbers, strict=True))
    except (ValueError, binascii.Error):
        return None
    return ranks if len(ranks) == size else None


def _refuse_double(path: Path, lines: list[bytes]) -> None:
    seen: dict[bytes, int] = {}
    for index, line in enumerate(lines):
        if line.strip():
            token = base64.b64decode(line.split()[0])
            if token in seen:
                raise FormatError(
                    f"{path}: line {index + 1} repeats the token of line {seen[token]}, "
                    f"{shorten(token)}; each token has one rank"
                )
            seen[token] = index + 1


def _read_sidecar(path: Path, content: Any) -> tuple[str, dict[str, int]]:
    match content:
        case {"pat_str": str(pattern), "special_tokens": dict(specials)}:
            pass
        case _:
            raise FormatError(
                f'{path}: not what goes with a rank file; it needs "pat_str" and "special_tokens"'
            )
    for token, number in specials.items():
        if type(number) is not int or not 0 <= number < 2**32 - 1:
            raise FormatError(
                f"{path}: the id of {token!r} is {shorten(number)}; expected a number"
            )
    return pattern, specials


def _read_js(path: Path, data: bytes) -> tuple[dict[bytes, int], str, dict[str, int]]:
    """The JSON of js-tiktoken: runs of tokens, each run with the rank of its first."""
    content = parse_json(path, data)
    match content:
        case {"pat_str": str(pattern), "bpe_ranks": str(runs), "special_tokens": dict(specials)}:
            pass
        case _:
            raise FormatError(
                f'{path}: not a rank file; as JSON it needs "pat_str", "special_tokens", "bpe_ranks"'
            )
    for token, number in specials.items():
        if not isinstance(number, int):
            raise FormatError(
                f"{path}: the id of {token!r} is {shorten(number)}; expected a number"
            )
    ranks: dict[bytes, int] = {}
    for index, line in enumerate(runs.split("\n")):
        parts = line.split(" ")
        if parts == [""]:
            continue
        try:
            first = int(parts[1])
            for step, token in enumerate(parts[2:]):
                ranks[binascii.a2b_base64(token, strict_mode=True)] = first + step
        except (ValueError, IndexError, binascii.Error):
            raise FormatError(
                f'{path}: bpe_ranks, line {index + 1}: expected "! first-rank token token ..."'
            ) from None
    return ranks, pattern, specials
