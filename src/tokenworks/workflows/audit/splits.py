"""How a tokenizer cuts the things people ask about: digits, spaces, indentation, code, emoji."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokenworks.workflows.audit.describe import shown
from tokenworks.workflows.audit.result import Split

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

SAMPLES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "digits",
        ("7", "42", "123", "1234", "12345", "1234567890", "3.14159", "1,000,000", "٣٤٥", "½"),
    ),
    ("dates", ("2024-02-29", "09:30:00", "1990s")),
    ("spaces", (" ", "  ", "   ", "a b", "a  b", "a    b", " a", "a ", "\t", "\u3000")),
    ("lines", ("\n", "\n\n", "a\n\nb", "\r\n", "a \nb")),
    ("indentation", ("    x", "        x", "\tx", "\t\tx", "\n    return x", "\n        return x")),
    (
        "code",
        (
            "x += 1;",
            "def f(x):",
            "camelCaseName",
            "snake_case_name",
            "!==",
            "</div>",
            "0xFF",
            "\\n",
        ),
    ),
    ("words", ("hello", " hello", "Hello", "HELLO", "don't", "DON'T", "don’t", "naïve", "Straße")),
    ("emoji", ("😀", "👍🏽", "👨‍👩‍👧", "🇫🇷", "❤️", "→", "✓")),
    (
        "scripts",
        ("Привет", "ελληνικά", "你好世界", "こんにちは", "안녕하세요", "नमस्ते", "مرحبا", "สวัสดี"),
    ),
)


def splits(tokenizer: Tokenizer) -> tuple[Split, ...]:
    """Cut every sample, special-looking text as text."""
    flat = [(group, text) for group, texts in SAMPLES for text in texts]
    ids, starts = tokenizer.encode_batch([text for _, text in flat], specials="text")
    return tuple(
        Split(
            group,
            text,
            tuple(
                shown(tokenizer.token_bytes(int(i)))
                for i in ids[int(starts[n]) : int(starts[n + 1])]
            ),
        )
        for n, (group, text) in enumerate(flat)
    )
