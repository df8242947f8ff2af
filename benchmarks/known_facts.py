"""Facts that every comparison must show: GPT-2 on English prose, and the Indic scripts of cl100k and o200k.

    python benchmarks/known_facts.py [ENGLISH.txt ...]

Files of English prose are named on the command line; the rest is the embedded Universal Declaration.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tokenworks import Tokenizer
from tokenworks.data.udhr import declaration

INDIC = ("hi", "bn", "ta", "te", "gu", "kn", "ml", "pa")
MOST = 4_000_000  # characters read of a file


def main() -> None:
    gpt2 = Tokenizer.load("gpt2")
    for name in sys.argv[1:]:
        text = Path(name).read_text("utf-8", errors="replace")[:MOST]
        size = len(text.encode())
        print(f"gpt2 on {Path(name).name}: {size / gpt2.count(text):.2f} bytes per token")
    old, new = (Tokenizer.load(name) for name in ("cl100k_base", "o200k_base"))
    english = declaration("en").text
    print("\ntokens over those of the English text      cl100k_base  o200k_base")
    for code in INDIC:
        one = declaration(code)
        premiums = [tok.count(one.text) / tok.count(english) for tok in (old, new)]
        print(f"{one.language:25} {premiums[0]:27.2f} {premiums[1]:11.2f}")


if __name__ == "__main__":
    main()
