"""Load a mended tokenizer, and where the original loads too, compare their ids."""

from __future__ import annotations

from typing import Any

PROBES = (
    "Hello, world!",
    "  two  spaces\tand\n\nlines ",
    "naïve café Ünïcödé",
    "1234567890 3.14",
    "def f(x):\n    return x\n",
    "日本語のテキスト",
    "Привет, мир",
    "مرحبا",
    "😀👩‍👩‍👧",
    "a",
    "",
    " ",
    "don't they'll",
    "ＦＵＬＬ ｗｉｄｔｈ",
    "e\u0301",
)


def prove(original: str | None, mended: str) -> tuple[bool | None, str]:
    """True and how it was proved, False and why it fails, or None where nothing can be loaded.

    `original` is None if it was broken and only the mended text can be loaded.
    """
    try:
        import tokenizers
    except ImportError:
        return None, "not proved: `pip install tokenizers` to load both"
    load: Any = tokenizers.Tokenizer.from_str
    version = tokenizers.__version__
    try:
        new = load(mended)
        if original is None:
            for probe in PROBES:
                new.encode(probe)
            return True, f"loads and encodes {len(PROBES)} texts in tokenizers {version}"
        old = load(original)
        texts = [*PROBES, *_own_words(old)]
        for text in texts:
            if old.encode(text).ids != new.encode(text).ids:
                return False, f"ids differ for {text[:40]!r} in tokenizers {version}"
        return (
            True,
            f"both load in tokenizers {version} and give the same ids on {len(texts)} texts",
        )
    except BaseException as error:  # a Rust panic is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return False, f"tokenizers {version} does not load it: {str(error)[:120]}"


def _own_words(tokenizer: Any, most: int = 200) -> list[str]:
    """Texts made of the tokenizer's own tokens, spread over the vocabulary."""
    size = tokenizer.get_vocab_size()
    step = max(1, size // most)
    return [tokenizer.decode([i, (i * 7 + 3) % size]) for i in range(0, size, step)]
