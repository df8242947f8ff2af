"""Tokenizers of random steps, trained on a few lines by `tokenizers`, as the text of a tokenizer.json."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import tokenizers
from tokenizers import models, normalizers, pre_tokenizers, trainers

LINES = [
    "The quick brown fox didn't jump over the lazy dogs; 1,234.50 times!",
    "    def encode(self, text: str) -> list[int]:  # résumé",
    "Съешь ещё этих мягких французских булок, да выпей чаю.",
    "人人生而自由,在尊严和权利上一律平等。すべての人間は、生まれながらにして自由であり",
    "모든 인간은 태어날 때부터 자유로우며 सभी मनुष्यों को गौरव और अधिकारों",
    "يولد جميع الناس أحراراً متساوين כל בני האדם נולדו בני חורין",
    "o\u0301 e\u0301 A\u030a ﬁne ½ ² Ⅷ 999 9999 ---- ==== ____ ........ <s> </s>",
] * 3
ADDED = ["<s>", "</s>", "<x>", "foo", "foobar", "é", "e\u0301", "▁a", " a", "the", "  ", "<", "s>"]
ADDED += ["A", "23", "\n\n", "Ġ", "Å", "ﬁ"]
BITS = ["a", "Z", "ß", "İ", "ﬁ", "é", "e\u0301", "\u0301", "\u212b", "\u1100\u1161\u11a8", "中文"]
BITS += ["ア", "ｱﾞ", "\u3000", " ", "   ", "\t", "\n", "\r\n", "\xa0", "\u200b", "\ufeff", "23", "٣"]
BITS += ["½", "!", "...", "—", "_", "'s", "<s>", "</s>"]
BITS += ["<x>", "foo", "bar", "▁", "▁a", "Ġ", "👨‍👩‍👧", "🇩🇪"]
BITS += [
    "\U0001d15e",
    "\0",
    "\x7f",
    "Σ",
    "ΑΣ",
    "ŉ",
    "ำ",
    "न्म",
    "ﷺ",
    "\u0344",
    " the",
    "The",
    "A",
    "<",
]
PATTERNS = [
    r"\s+",
    r"\d{1,3}",
    r"\p{L}+|\p{N}+",
    r"\w+|[^\w\s]+",
    r"(?i:'s|'t)|\p{L}+",
    r"(?=\d)",
    r"\b",
]
PATTERNS += [r"[A-Z][a-z]*", r"\s+(?!\S)|\s+", r"[[:punct:]]", r"(?<=\p{L})(?=\p{N})", r"a*", r"."]
BEHAVIORS = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
SCHEMES = ["always", "first", "never"]


def text(random: Random) -> str:
    """A text on which steps may disagree."""
    kind = random.random()
    if kind < 0.2:
        return random.choice(LINES)
    if kind < 0.9:
        return "".join(random.choice(BITS) for _ in range(random.randrange(14)))
    return random.choice("_-=.9a! é人") * random.randrange(3, 90)


def _flag(random: Random) -> bool:
    return random.random() < 0.5


def _pattern(random: Random) -> Any:
    if _flag(random):
        return random.choice(["a", "  ", " ", "é", "", "\u0301", "1", "'", "▁"])
    return tokenizers.Regex(random.choice(PATTERNS))


def _normalizer(random: Random) -> Any:
    n, flag = normalizers, lambda: _flag(random)
    return random.choice(
        [
            n.NFC,
            n.NFD,
            n.NFKC,
            n.NFKD,
            n.Lowercase,
            n.StripAccents,
            n.Nmt,
            lambda: n.Strip(left=flag(), right=flag()),
            lambda: n.Replace(_pattern(random), random.choice(["", "x", "éa", " ", "▁"])),
            lambda: n.Replace(" ", "▁"),
            lambda: n.Prepend(random.choice(["▁", " ", "é"])),
            lambda: n.BertNormalizer(flag(), flag(), random.choice([None, True, False]), flag()),
        ]
    )()


def _pretokenizer(random: Random) -> Any:
    p, flag = pre_tokenizers, lambda: _flag(random)
    return random.choice(
        [
            p.Whitespace,
            p.WhitespaceSplit,
            p.BertPreTokenizer,
            p.UnicodeScripts,
            lambda: p.Metaspace(random.choice("▁_é"), random.choice(SCHEMES), flag()),
            lambda: p.CharDelimiterSplit(random.choice(" aé\n")),
            lambda: p.Punctuation(random.choice(BEHAVIORS)),
            lambda: p.Digits(flag()),
            lambda: p.FixedLength(random.randrange(1, 8)),
            lambda: p.Split(_pattern(random), random.choice(BEHAVIORS), flag()),
        ]
    )()


def _steps(random: Random, byte_level: bool) -> tuple[list[Any], list[Any]]:
    before = [_normalizer(random) for _ in range(random.choice([0, 0, 1, 2]))]
    cuts = [_pretokenizer(random) for _ in range(random.choice([0, 1, 1, 2]))]
    if byte_level and random.random() < 0.15:
        cuts = [step for step in cuts if not isinstance(step, pre_tokenizers.Metaspace)]
        before.append(normalizers.ByteLevel())
    elif byte_level:
        after = [_pretokenizer(random) for _ in range(random.choice([0, 0, 1, 2]))]
        cuts.append(pre_tokenizers.ByteLevel(_flag(random), use_regex=_flag(random)))
        cuts += [step for step in after if not isinstance(step, pre_tokenizers.Metaspace)]
    return before, cuts


def _model(random: Random, kind: str) -> tuple[Any, Any]:
    size = random.choice([300, 400, 800])
    common: dict[str, Any] = {"special_tokens": ["<unk>"], "show_progress": False}
    if kind == "unigram":
        return models.Unigram(), trainers.UnigramTrainer(
            vocab_size=size, unk_token="<unk>", **common
        )
    if kind == "wordpiece":
        model = models.WordPiece(
            unk_token="<unk>", max_input_chars_per_word=random.choice([5, 100])
        )
        return model, trainers.WordPieceTrainer(vocab_size=size, **common)
    affixes: dict[str, Any] = {}
    if kind == "bpe" and random.random() < 0.3:
        affixes = {"continuing_subword_prefix": "##", "end_of_word_suffix": "</w>"}
    unknown: dict[str, Any] = {"unk_token": "<unk>"} if _flag(random) else {}
    model = models.BPE(
        fuse_unk=_flag(random),
        byte_fallback=kind == "byte fallback",
        ignore_merges=_flag(random),
        **affixes,
        **unknown,
    )
    if kind == "byte fallback":
        common["special_tokens"] = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
        size += 256
    alphabet = pre_tokenizers.ByteLevel.alphabet() if kind == "byte level" else []
    return model, trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, **affixes, **common
    )


def _added(random: Random, tokenizer: tokenizers.Tokenizer) -> None:
    """Adds tokens that stay apart once normalized: of equal ones `tokenizers` takes any, at random."""
    normalizer = tokenizer.normalizer
    taken = {""}
    for content in random.sample(ADDED, random.choice([0, 1, 3, 6])):
        normalized = _flag(random)
        found = normalizer.normalize_str(content) if normalizer and normalized else content
        if found in taken:
            continue
        taken.add(found)
        token = tokenizers.AddedToken(
            content,
            single_word=random.random() < 0.3,
            lstrip=random.random() < 0.3,
            rstrip=random.random() < 0.3,
            normalized=normalized,
            special=_flag(random),
        )
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([token])


def document(random: Random) -> dict[str, Any]:
    """A tokenizer.json; it has no decoder unless it is byte-level."""
    kind = random.choice(
        ["bpe", "byte level", "byte level", "byte fallback", "unigram", "wordpiece"]
    )
    model, trainer = _model(random, kind)
    before, cuts = _steps(random, kind == "byte level")
    made = tokenizers.Tokenizer(model)
    made.normalizer = normalizers.Sequence(before) if before else None
    made.pre_tokenizer = pre_tokenizers.Sequence(cuts) if cuts else None
    made.train_from_iterator(LINES, trainer)
    _added(random, made)
    content: dict[str, Any] = json.loads(made.to_str())
    content["added_tokens"] = [
        token for token in content["added_tokens"] if not token["content"].startswith("<0x")
    ]
    if kind == "byte level":
        step = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True}
        content["decoder"] = {**step, "use_regex": True}
    return content
