"""What the names in `tokenizer.ggml.pre` stand for: normalizer, split patterns and merge options.

GGUF files do not carry the pattern itself. A name is given by the fingerprint of the tokenizer that
was converted, so it stands for that tokenizer's published steps, which are listed here. (llama.cpp
approximates some: its contractions have no Unicode case folding, and it never applies NFC.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tokenworks.errors import UnsupportedError
from tokenworks.tokenizer.definition import Step
from tokenworks.tokenizer.known_encodings import GPT2_PATTERN, O200K_PATTERN, R50K_PATTERN
from tokenworks.tokenizer.tekken import TEKKEN_PATTERN

_CASED = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|"
_WORD = r"[^\r\n\p{L}\p{N}]?\p{L}+|"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_LLAMA3 = _CASED + _WORD + r"\p{N}{1,3}|" + _REST
_QWEN2 = _CASED + _WORD + r"\p{N}|" + _REST
_QWEN35 = (
    _CASED + r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_DEEPSEEK3 = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    r"""| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
)
_BAILING = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*"
    r"|\s*[\r\n]|\s+(?!\S)|\s+"
)
_SEED_CODER = _CASED + _WORD + r"\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"
_BLOOM = r" ?[^(\s|.,!?…。，、।۔،)]+"
_CJK = "[一-龥ࠀ-一가-퟿]+"
_KANA = "[一-龥぀-ゟ゠-ヿ]+"


@dataclass(frozen=True, slots=True)
class Pretokenizer:
    """One way of splitting: the patterns in order, each isolating its matches."""

    patterns: tuple[str, ...] = ()
    gpt2: bool = False  # GPT-2's own pattern last, which the ByteLevel step applies
    digits: bool = False  # every digit alone, first
    nfc: bool = False
    ignore_merges: bool = False
    add_bos: bool = False  # where the file does not say

    def normalizer(self) -> tuple[Step, ...]:
        """The normalizer steps."""
        return ({"type": "NFC"},) if self.nfc else ()

    def pretokenizer(self) -> tuple[Step, ...]:
        """The pretokenizer steps."""
        steps: list[Step] = [
            {
                "type": "Split",
                "pattern": {"Regex": pattern},
                "behavior": "Isolated",
                "invert": False,
            }
            for pattern in self.patterns
        ]
        if self.digits:
            steps.insert(0, {"type": "Digits", "individual_digits": True})
        steps.append(
            {
                "type": "ByteLevel",
                "add_prefix_space": False,
                "trim_offsets": True,
                "use_regex": self.gpt2,
            }
        )
        return tuple(steps)


_PUNCTUATION = r"[\p{P}\$\+<=>\^~\|`]+"
_KINDS: Mapping[str, tuple[Pretokenizer, str]] = {
    "default": (
        Pretokenizer((r"[\p{P}\$\+<=>\^~\|]+", GPT2_PATTERN, r"\p{N}+", "[0-9][0-9][0-9]")),
        "default",
    ),
    "gpt-2": (
        Pretokenizer(gpt2=True),
        "gpt-2 phi-2 mpt olmo jais trillion exaone4 roberta-bpe modern-bert gigachat mellum a.x-4.0 "
        "jina-es jina-de jina-v1-en jina-v2-es jina-v2-de jina-v2-code granite-docling",
    ),
    "starcoder": (
        Pretokenizer(gpt2=True, digits=True),
        "starcoder refact command-r smollm codeshell exaone minerva-7b mellum2",
    ),
    "llama-bpe": (
        Pretokenizer((_LLAMA3,), ignore_merges=True, add_bos=True),
        "llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
    ),
    "dbrx": (Pretokenizer((_LLAMA3,)), "dbrx smaug-bpe chatglm-bpe glm4"),
    "qwen2": (Pretokenizer((_QWEN2,), nfc=True), "qwen2 deepseek-r1-qwen megrez"),
    "stablelm2": (Pretokenizer((_QWEN2,)), "stablelm2 hunyuan kormo solar-open grok-2 f2llmv2"),
    "qwen35": (Pretokenizer((_QWEN35,), nfc=True), "qwen35"),
    "deepseek-llm": (
        Pretokenizer(
            (
                r"[\r\n]",
                # escaped: these change when text is normalized
                "\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕ"
                "ἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u1f7dᾀ-ᾴᾶ-ᾼ\u1fbeῂ-ῄῆ-ῌῐ-\u1fd3ῖ-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+",
                r"\s?[!-/:-~！-／：-～‘-‟　-。]+",
                r"\s+$",
                _CJK,
                r"\p{N}+",
            )
        ),
        "deepseek-llm",
    ),
    "deepseek-coder": (
        Pretokenizer((r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", _CJK, r"\p{N}")),
        "deepseek-coder",
    ),
    "deepseek-v3": (
        Pretokenizer((r"\p{N}{1,3}", _KANA, _DEEPSEEK3)),
        "deepseek-v3 hunyuan-dense joyai-llm hy_v4",
    ),
    "falcon": (Pretokenizer((_PUNCTUATION, GPT2_PATTERN, "[0-9][0-9][0-9]")), "falcon"),
    "tekken": (Pretokenizer((TEKKEN_PATTERN,), ignore_merges=True, add_bos=True), "tekken"),
    "gpt-4o": (Pretokenizer((O200K_PATTERN,)), "gpt-4o llama4 kanana2 talkie minimax-m2"),
    "bloom": (Pretokenizer((_BLOOM,)), "bloom poro-chat gpt3-finnish"),
    "viking": (Pretokenizer((_BLOOM, r"\p{N}")), "viking"),
    "superbpe": (Pretokenizer((r"\p{N}+", r"(?=(\d{3})+(?!\d))")), "superbpe"),
    "bailingmoe": (Pretokenizer((_BAILING,)), "bailingmoe bailingmoe2 llada-moe"),
    "seed-coder": (Pretokenizer((_SEED_CODER,)), "seed-coder"),
    "ufakzeka": (Pretokenizer((_WORD + r"\p{N}|" + _REST,)), "ufakzeka"),
    "minicpm5": (
        Pretokenizer((r"\p{N}{1,3}", _CASED + _WORD + r"\p{N}+|" + _REST), ignore_merges=True),
        "minicpm5",
    ),
}
PRETOKENIZERS: Mapping[str, Pretokenizer] = {
    name: kind for kind, names in _KINDS.values() for name in names.split()
}


def named(pre: str, what: str) -> Pretokenizer:
    """The pretokenizer of a name.

    Raises:
        UnsupportedError: the name is not known; names those that are.
    """
    found = PRETOKENIZERS.get(pre)
    if found is None:
        raise UnsupportedError(
            f"{what}: the pre-tokenizer {pre!r} is not known; give pre=NAME with one that splits "
            f"alike: {', '.join(sorted(PRETOKENIZERS))}"
        )
    return found


def name_of(normalizer: tuple[Step, ...], pretokenizer: tuple[Step, ...]) -> list[str]:
    """The names under which these steps are known, those that equal them in every option first."""
    wanted = _plain(normalizer), _plain(pretokenizer)
    return [
        name
        for name, (kind, _) in _KINDS.items()
        if (_plain(kind.normalizer()), _plain(kind.pretokenizer())) == wanted
    ]


def _plain(steps: tuple[Step, ...]) -> list[dict[str, object]]:
    """Steps without what changes only offsets, and GPT-2's pattern said in one way."""
    plain: list[dict[str, object]] = []
    for step in steps:
        kept = {key: value for key, value in step.items() if key != "trim_offsets"}
        if kept.get("type") == "Digits":
            kept = dict(_isolated(r"\p{N}"))
        if kept.get("type") == "ByteLevel" and kept.get("use_regex"):
            plain.append(dict(_isolated(GPT2_PATTERN)))
            kept["use_regex"] = False
        if kept.get("pattern") in (
            {"Regex": R50K_PATTERN},
            {"Regex": GPT2_PATTERN.removesuffix(r"|\s+")},
        ):
            kept["pattern"] = {"Regex": GPT2_PATTERN}  # other spellings of the same matches
        plain.append(kept)
    return plain


def _isolated(pattern: str) -> Step:
    return {
        "type": "Split",
        "pattern": {"Regex": pattern},
        "behavior": "Isolated",
        "invert": False,
    }
