"""What the components of a tokenizer.json may hold, and which version began to write it.

Established by loading every component, with every field left out or of a wrong type, in
tokenizers 0.13.3, 0.15.2, 0.19.1, 0.20.3 and 0.23.3, and from the tags of its repository.
"""

from __future__ import annotations

from dataclasses import dataclass

# The enums that readers name when nothing fits, before and since tokenizers 0.21.
ENUMS = {
    "model": ("ModelWrapper", "ModelUntagged"),
    "normalizer": ("PyNormalizerTypeWrapper", "NormalizerUntagged"),
    "pre_tokenizer": ("PyPreTokenizerTypeWrapper", "PreTokenizerUntagged"),
    "post_processor": ("PostProcessorWrapper", "PostProcessorWrapper"),
    "decoder": ("PyDecoderWrapper", "DecoderUntagged"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a component: its kind of value, and whether it may be left out or be null."""

    kind: str
    required: bool = True
    null: bool = False


@dataclass(frozen=True, slots=True)
class Component:
    """A component: its fields, the first version that reads it, and a nested list of components."""

    fields: dict[str, Field]
    since: str = ""
    nested: str = ""


_BOOL, _STR, _CHAR = Field("bool"), Field("string"), Field("character")
_OPTIONAL_BOOL = Field("bool", required=False)
_NULL_STR = Field("string", required=False, null=True)
_PATTERN = Field("pattern")
_PAIR = Field("token and id")
_BYTE_LEVEL = {"add_prefix_space": _BOOL, "trim_offsets": _BOOL, "use_regex": _OPTIONAL_BOOL}
_METASPACE = {
    "replacement": _CHAR,
    "add_prefix_space": Field("bool", required=False, null=True),
    "prepend_scheme": Field("prepend scheme", required=False),
    "split": Field("bool", required=False, null=True),
    "str_rep": Field("string", required=False, null=True),
}

COMPONENTS: dict[str, dict[str, Component]] = {
    "model": {
        "BPE": Component(
            {
                "vocab": Field("vocabulary"),
                "merges": Field("merges"),
                "dropout": Field("number", required=False, null=True),
                "unk_token": _NULL_STR,
                "continuing_subword_prefix": _NULL_STR,
                "end_of_word_suffix": _NULL_STR,
                "fuse_unk": Field("bool", required=False, null=True),
                "byte_fallback": Field("bool", required=False, null=True),
                "ignore_merges": Field("bool", required=False, null=True),
            }
        ),
        "WordPiece": Component(
            {
                "vocab": Field("vocabulary"),
                "unk_token": _STR,
                "continuing_subword_prefix": _STR,
                "max_input_chars_per_word": Field("count"),
            }
        ),
        "WordLevel": Component({"vocab": Field("vocabulary"), "unk_token": _STR}),
        "Unigram": Component(
            {
                "vocab": Field("scored vocabulary"),
                "unk_id": Field("count", required=False, null=True),
                "byte_fallback": _OPTIONAL_BOOL,
            }
        ),
    },
    "normalizer": {
        "BertNormalizer": Component(
            {
                "clean_text": _BOOL,
                "handle_chinese_chars": _BOOL,
                "strip_accents": Field("bool", required=False, null=True),
                "lowercase": _BOOL,
            }
        ),
        "Strip": Component({"strip_left": _BOOL, "strip_right": _BOOL}),
        "StripAccents": Component({}),
        "NFC": Component({}),
        "NFD": Component({}),
        "NFKC": Component({}),
        "NFKD": Component({}),
        "Lowercase": Component({}),
        "Nmt": Component({}),
        "Precompiled": Component({"precompiled_charsmap": Field("charsmap")}),
        "Replace": Component({"pattern": _PATTERN, "content": _STR}),
        "Prepend": Component({"prepend": _STR}, since="0.13.3"),
        "ByteLevel": Component({}, since="0.20.0"),
        "Sequence": Component({"normalizers": Field("list")}, nested="normalizers"),
    },
    "pre_tokenizer": {
        "BertPreTokenizer": Component({}),
        "ByteLevel": Component(_BYTE_LEVEL),
        "CharDelimiterSplit": Component({"delimiter": _CHAR}),
        "Metaspace": Component(_METASPACE),
        "Whitespace": Component({}),
        "WhitespaceSplit": Component({}),
        "Split": Component({"pattern": _PATTERN, "behavior": Field("behavior"), "invert": _BOOL}),
        "Punctuation": Component({"behavior": Field("behavior", required=False)}),
        "Digits": Component({"individual_digits": _BOOL}),
        "UnicodeScripts": Component({}),
        "FixedLength": Component({"length": Field("count", required=False)}, since="0.21.2"),
        "Sequence": Component({"pretokenizers": Field("list")}, nested="pretokenizers"),
    },
    "post_processor": {
        "BertProcessing": Component({"sep": _PAIR, "cls": _PAIR}),
        "RobertaProcessing": Component(
            {
                "sep": _PAIR,
                "cls": _PAIR,
                "trim_offsets": _OPTIONAL_BOOL,
                "add_prefix_space": _OPTIONAL_BOOL,
            }
        ),
        "ByteLevel": Component(_BYTE_LEVEL),
        "TemplateProcessing": Component(
            {
                "single": Field("template"),
                "pair": Field("template"),
                "special_tokens": Field("object"),
            }
        ),
        "Sequence": Component({"processors": Field("list")}, since="0.13.0", nested="processors"),
    },
    "decoder": {
        "BPEDecoder": Component({"suffix": _STR}),
        "ByteLevel": Component(_BYTE_LEVEL),
        "WordPiece": Component({"prefix": _STR, "cleanup": _BOOL}),
        "Metaspace": Component(_METASPACE),
        "CTC": Component({"pad_token": _STR, "word_delimiter_token": _STR, "cleanup": _BOOL}),
        "Replace": Component({"pattern": _PATTERN, "content": _STR}, since="0.13.3"),
        "Fuse": Component({}, since="0.13.3"),
        "Strip": Component(
            {"content": _CHAR, "start": Field("count"), "stop": Field("count")}, since="0.13.3"
        ),
        "ByteFallback": Component({}, since="0.13.3"),
        "Sequence": Component({"decoders": Field("list")}, since="0.13.0", nested="decoders"),
    },
}

# Names that people write for a type, often the class name of the Python binding.
ALIASES = {
    "Delimiter": "CharDelimiterSplit",
    "BertNormalize": "BertNormalizer",
    "ByteLevelBPETokenizer": "BPE",
    "SentencePieceBPE": "BPE",
    "SentencePieceUnigram": "Unigram",
    "WordPieceDecoder": "WordPiece",
    "ByteLevelDecoder": "ByteLevel",
    "Bert": "BertProcessing",
    "Roberta": "RobertaProcessing",
    "Template": "TemplateProcessing",
}

BEHAVIOURS = ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")
SCHEMES = ("first", "never", "always")
