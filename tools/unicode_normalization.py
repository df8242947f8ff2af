"""Write native/unicode/normalization_tables.cpp by asking `tokenizers` about every code point.

Its normalizers and pretokenizers rest on several crates, each with a Unicode version of its own.
Asking the library itself, one code point at a time, gives tables that cannot drift from what is
being reproduced. Grapheme cluster properties cannot be asked for directly; they come from the
`regex` package, and a test proves that the library joins characters the same way.

    python tools/unicode_normalization.py            # needs tokenizers and regex
"""

from __future__ import annotations

import pathlib
import unicodedata
from collections.abc import Callable

import regex
from tokenizers import normalizers, pre_tokenizers

LIMIT = 0x110000
BLOCK = 128
SURROGATES = range(0xD800, 0xE000)
HANGUL = range(0xAC00, 0xD7A4)
CODE_POINTS = [c for c in range(LIMIT) if c not in SURROGATES]

# Numbered as in native/unicode/normalization_tables.h.
GRAPHEME = (
    "Other",
    "CR",
    "LF",
    "Control",
    "Extend",
    "ZWJ",
    "Regional_Indicator",
    "Prepend",
    "SpacingMark",
    "L",
    "V",
    "T",
    "LV",
    "LVT",
)


def changed_by(step: Callable[[str], str]) -> dict[int, str]:
    """What `step` makes of each code point that it changes when standing alone."""
    results = ((c, step(chr(c))) for c in CODE_POINTS)
    return {c: out for c, out in results if out != chr(c)}


def combining_classes(marks: list[int], nfd: Callable[[str], str]) -> dict[int, int]:
    """Canonical combining class of each mark, from how canonical ordering moves it."""
    known: dict[int, int] = {}  # class -> the first mark that has it
    for c in marks:
        value = unicodedata.combining(chr(c))
        if value:
            known.setdefault(value, c)
    classes = {}
    for c in marks:
        # c moves before a mark of class v exactly when 0 < class(c) < v.
        others = [(v, chr(m)) for v, m in known.items() if m != c]
        before = [v for v, m in others if nfd(m + chr(c)) == chr(c) + m]
        after = [v for v, m in others if nfd(chr(c) + m) == m + chr(c)]
        same = set(known) - set(before) - set(after)
        if before or after:
            (classes[c],) = same
    return classes


def compositions(nfd: dict[int, str], nfc: Callable[[str], str]) -> dict[tuple[int, int], int]:
    """Pairs of characters that canonical composition joins."""
    pairs = {}
    for c in nfd:
        if c in HANGUL or nfc(chr(c)) != chr(c):
            continue
        raw = [int(x, 16) for x in unicodedata.decomposition(chr(c)).split()]
        if len(raw) == 2:
            assert nfc(chr(raw[0]) + chr(raw[1])) == chr(c)
            pairs[raw[0], raw[1]] = c
    return pairs


def scripts() -> list[tuple[int, int]]:
    """(first code point, script number) of each run; 0 is no script of its own."""
    split = pre_tokenizers.UnicodeScripts()
    runs: list[tuple[int, int]] = []
    members: list[str] = []  # one character of every script met so far
    last, last_class = "", -1
    for c in CODE_POINTS:
        char = chr(c)
        if not split.pre_tokenize_str(char):
            number = 0
        elif last and len(split.pre_tokenize_str(last + char)) == 1:
            number = last_class
        else:
            hits = (i for i, m in enumerate(members) if len(split.pre_tokenize_str(m + char)) == 1)
            number = next(hits, len(members)) + 1
            if number > len(members):
                members.append(char)
        if number:
            last, last_class = char, number
        if not runs or runs[-1][1] != number:
            runs.append((c, number))
    return runs


def grapheme_classes() -> list[int]:
    table = [0] * LIMIT
    for number, name in enumerate(GRAPHEME):
        if name != "Other":
            pattern = regex.compile(rf"\p{{GCB={name}}}")
            for c in CODE_POINTS:
                if pattern.match(chr(c)):
                    table[c] = number
    for flag, prop in ((16, "InCB=Consonant"), (32, "InCB=Linker"), (64, "ExtPict")):
        pattern = regex.compile(rf"\p{{{prop}}}")
        for c in CODE_POINTS:
            if pattern.match(chr(c)):
                table[c] |= flag
    return table


def flags_and_mappings() -> tuple[list[int], list[int], dict[str, dict[int, str]], dict]:
    nfd_of, nfc_of = normalizers.NFD().normalize_str, normalizers.NFC().normalize_str
    maps = {
        "Canonical": changed_by(nfd_of),
        "Compatible": changed_by(normalizers.NFKD().normalize_str),
        "Lower": changed_by(normalizers.Lowercase().normalize_str),
    }
    nfc_changed = changed_by(nfc_of)
    nfkc_changed = changed_by(normalizers.NFKC().normalize_str)
    highest, lowest = "\u0345", "\u0334"  # classes 240 and 1
    marks = [
        c
        for c in CODE_POINTS
        if nfd_of(highest + chr(c)) != highest + nfd_of(chr(c))
        or nfd_of(chr(c) + lowest) != nfd_of(chr(c)) + lowest
    ]
    marks = [c for c in marks if c not in maps["Canonical"]]
    classes = combining_classes(marks, nfd_of)
    pairs = compositions(maps["Canonical"], nfc_of)
    second = {b for _, b in pairs} | set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))

    def gone(step: object) -> Callable[[str], bool]:
        return lambda s: not step.pre_tokenize_str(s)  # type: ignore[attr-defined]

    word = pre_tokenizers.Whitespace()
    punctuation = pre_tokenizers.Punctuation("removed")
    control = normalizers.BertNormalizer(
        clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False
    )
    accents = normalizers.BertNormalizer(
        clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False
    )
    digits = pre_tokenizers.Digits(individual_digits=True)
    # In the order of the flags of native/unicode/normalization_tables.h.
    tests: tuple[Callable[[str], bool], ...] = (
        lambda s: ord(s) in maps["Canonical"],
        lambda s: ord(s) in maps["Compatible"],
        lambda s: ord(s) in nfc_changed or ord(s) in second,
        lambda s: ord(s) in nfkc_changed or ord(s) in second,
        lambda s: ord(s) in maps["Lower"],
        gone(pre_tokenizers.WhitespaceSplit()),
        lambda s: len(digits.pre_tokenize_str(s + "a")) == 2,
        gone(punctuation),
        lambda s: not control.normalize_str(s) and s not in "\0\ufffd",
        lambda s: not accents.normalize_str(s),
        lambda s: not normalizers.StripAccents().normalize_str(s),
        lambda s: len(word.pre_tokenize_str("a" + s)) == 1 and bool(word.pre_tokenize_str(s)),
    )
    table = [0] * LIMIT
    ccc = [0] * LIMIT
    for c in CODE_POINTS:
        table[c] = sum(1 << bit for bit, test in enumerate(tests) if test(chr(c)))
        ccc[c] = classes.get(c, 0)
    return table, ccc, maps, pairs


def blocks_of(values: list[int]) -> tuple[list[int], list[list[int]]]:
    blocks: dict[tuple[int, ...], int] = {}
    index = [
        blocks.setdefault(tuple(values[i : i + BLOCK]), len(blocks)) for i in range(0, LIMIT, BLOCK)
    ]
    return index, [list(b) for b in blocks]


def numbers(values: list[int]) -> str:
    return "{" + ",".join(map(str, values)) + "}"


def mapping(name: str, changes: dict[int, str]) -> list[str]:
    """A sorted array of (code point, where its characters start) and the characters."""
    starts, text = [], []
    for c, out in sorted(changes.items()):
        if c not in HANGUL:
            starts.append(f"{{{c},{len(text)}}}")
            text += [ord(x) for x in out]
    starts.append(f"{{{LIMIT},{len(text)}}}")
    return [
        f"const MappingEntry k{name}[] = {{{','.join(starts)}}};",
        f"const uint32_t k{name}Size = {len(starts) - 1};",
        f"const char32_t k{name}Text[] = {numbers(text)};",
    ]


def main() -> None:
    flags, ccc, maps, pairs = flags_and_mappings()
    graphemes = grapheme_classes()
    records: dict[tuple[int, int, int], int] = {}
    values = [
        records.setdefault(key, len(records)) for key in zip(flags, ccc, graphemes, strict=True)
    ]
    assert len(records) <= 256  # they are bytes in the blocks
    index, blocks = blocks_of(values)
    runs = scripts()
    composed = sorted((a << 32 | b, c) for (a, b), c in pairs.items())
    lines = [
        "// Generated by tools/unicode_normalization.py; do not edit.",
        '#include "unicode/normalization_tables.h"',
        "",
        "namespace tokenworks::unicode {",
        "",
        "const CharacterRecord kRecords[] = {"
        + ",".join(f"{{{f},{c},{g}}}" for f, c, g in records)
        + "};",
        f"const uint16_t kRecordIndex[] = {numbers(index)};",
        f"const uint8_t kRecordBlocks[][{BLOCK}] = {{",
        *(numbers(b) + "," for b in blocks),
        "};",
        *mapping("Canonical", maps["Canonical"]),
        *mapping("Compatible", maps["Compatible"]),
        *mapping("Lower", maps["Lower"]),
        "const CompositionEntry kCompositions[] = {"
        + ",".join(f"{{{a}ull,{c}}}" for a, c in composed)
        + "};",
        f"const uint32_t kCompositionsSize = {len(composed)};",
        "const ScriptRun kScripts[] = {" + ",".join(f"{{{c},{n}}}" for c, n in runs) + "};",
        f"const uint32_t kScriptsSize = {len(runs)};",
        "",
        "}  // namespace tokenworks::unicode",
        "",
    ]
    target = pathlib.Path(__file__).parent.parent / "native/unicode/normalization_tables.cpp"
    target.write_text("\n".join(lines), encoding="utf-8")
    print(f"{target.name}: {len(records)} records, {len(blocks)} blocks, {len(composed)} pairs")


if __name__ == "__main__":
    main()
