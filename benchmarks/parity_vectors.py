"""Texts and ids that the reference libraries publish in their own tests and documentation."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Vector(NamedTuple):
    """A text and its ids according to a published test."""

    tokenizer: str
    text: str
    ids: tuple[int, ...]
    source: str
    specials: Literal["text", "allow"] = "text"


TIKTOKEN = "tiktoken, tests/test_encoding.py"
LLAMA = "transformers, tests/models/llama"
QWEN = "transformers, tests/models/qwen2"
ZEROS = (
    *((15,), (405,), (830,), (2388,), (20483,), (10535,), (24598,), (8269,), (10535, 830)),
    *(
        (8269, 405),
        (8269, 830),
        (8269, 2388),
        (8269, 20483),
        (8269, 10535),
        (8269, 24598),
        (25645,),
    ),
    (8269, 10535, 830),
)

VECTORS = [
    Vector("r50k_base", "hello world", (31373, 995), TIKTOKEN),
    Vector("r50k_base", "", (), TIKTOKEN),
    Vector("r50k_base", "hello <|endoftext|>", (31373, 220, 50256), TIKTOKEN, "allow"),
    Vector("gpt-2", "hello world", (31373, 995), TIKTOKEN),
    Vector("gpt-2", "hello <|endoftext|>", (31373, 220, 50256), TIKTOKEN, "allow"),
    *(Vector("r50k_base", "0" * (n + 1), ids, TIKTOKEN) for n, ids in enumerate(ZEROS)),
    Vector("cl100k_base", "hello world", (15339, 1917), TIKTOKEN),
    Vector("cl100k_base", "hello <|endoftext|>", (15339, 220, 100257), TIKTOKEN, "allow"),
    Vector("cl100k_base", "rer", (38149,), TIKTOKEN),
    Vector("cl100k_base", "'rer", (2351, 81), TIKTOKEN),
    Vector("cl100k_base", "today\n ", (31213, 198, 220), TIKTOKEN),
    Vector("cl100k_base", "today\n \n", (31213, 27907), TIKTOKEN),
    Vector("cl100k_base", "today\n  \n", (31213, 14211), TIKTOKEN),
    Vector("cl100k_base", " \x850", (220, 126, 227, 15), TIKTOKEN),
    Vector("cl100k_base", "👍", (9468, 239, 235), TIKTOKEN),
    Vector("llama2", "This is a test", (910, 338, 263, 1243), LLAMA),
    Vector("llama2", "Hey how are you doing", (18637, 920, 526, 366, 2599), LLAMA),
    Vector(
        "llama2",
        "The quick brown fox jumps over the lazy dog.",
        (450, 4996, 17354, 1701, 29916, 432, 17204, 975, 278, 17366, 11203, 29889),
        LLAMA,
    ),
    Vector(
        "llama2",
        "BERT is designed to pre-train deep bidirectional representations from unlabeled text by "
        "jointly conditioning on both left and right context in all layers.",
        (
            *(350, 20161, 338, 8688, 304, 758, 29899, 14968, 6483, 21000, 8684, 284, 22540, 515),
            *(443, 29880, 24025, 1426, 491, 14002, 368, 4195, 292, 373, 1716, 2175, 322, 1492),
            *(3030, 297, 599, 15359, 29889),
        ),
        LLAMA,
    ),
    Vector(
        "qwen2_5",
        '```python\ntokenizer = AutoTokenizer.from_pretrained("Qwen/Qwen-tokenizer")\n'
        'tokenizer("世界，你好！")```',
        (
            *(73594, 12669, 198, 85593, 284, 8979, 37434, 6387, 10442, 35722, 445, 48, 16948),
            *(45274, 16948, 34841, 3135, 1138, 85593, 445, 99489, 3837, 108386, 6313, 899, 73594),
        ),
        QWEN,
    ),
    Vector(
        "qwen2_5",
        "🤗 Transformers 提供了可以轻松地下载并且训练先进的预训练模型的 API 和工具。",
        (
            *(144834, 80532, 93685, 83744, 34187, 73670, 104261, 29490, 62189, 103937, 104034),
            *(102830, 98841, 104034, 104949, 9370, 5333, 58143, 102011, 1773),
        ),
        QWEN,
    ),
]
