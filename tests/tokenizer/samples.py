"""Short texts that tokenizers tend to disagree on."""

from __future__ import annotations

SAMPLES = [
    "",
    " ",
    "Hello world",
    "  two  spaces   three\n\n\nlines\r\n\tand tabs ",
    "don't we'll I'M they'Re 'ſ",
    "1234567 12 3.14 ١٢٣ Ⅷ",
    "naïve café e\u0301 ﬁ ① ㍿ Å",
    "中文字符，日本語テキスト 한국어",
    "👩‍👩‍👧 🇩🇪 😀\u200d",
    "<|endoftext|> and <s> and </s> and <|im_start|>",
    "def f(x):\n    return x + 1  # comment\n",
    "\u00a0\u3000\u2028\u0085\ufeff",
    "▁▁ <0x41> ##ing",
    "\x00\x01\x7f",
    "a" * 300,
]
