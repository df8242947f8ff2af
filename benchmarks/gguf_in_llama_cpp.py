"""Do the GGUF files that we write mean the same to llama.cpp? Ids on hostile text and on a corpus.

Needs llama-cpp-python, which is built from source: `pip install llama-cpp-python`. Files are opened in
vocabulary-only mode. llama.cpp never normalizes text, and approximates two patterns where there are
marks or case outside ASCII; texts of that kind are counted apart. Exit code 1 where others differ.

usage: python benchmarks/gguf_in_llama_cpp.py [--budget BYTES] [TOKENIZER ...]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import unicodedata
from pathlib import Path

import llama_cpp

from tokenworks import Tokenizer
from tokenworks.data.udhr import declarations
from tokenworks.errors import UnsupportedError
from tokenworks.text.hostile import hostile_texts

NAMES = ("gpt2", "r50k_base", "o200k_base", "qwen2.5", "tekken", "mistral-v1")


def approximated(text: str) -> bool:
    """Whether llama.cpp is known to read a text in its own way."""
    return not unicodedata.is_normalized("NFC", text) or any(
        unicodedata.category(letter) in ("Mn", "Mc", "Me")
        or (letter > "\x7f" and unicodedata.category(letter) in ("Lu", "Lt"))
        for letter in text
    )


def compare(name: str, budget: int, folder: Path) -> tuple[int, int, int]:
    """How many texts were tried, how many differ, and how many of those have no known reason."""
    tokenizer = Tokenizer.load(name)
    path = folder / "tokenizer.gguf"
    path.unlink(missing_ok=True)
    tokenizer.save(path, "gguf")
    library = llama_cpp.Llama(str(path), vocab_only=True, verbose=False)
    samples = hostile_texts(seed=0, budget=budget, specials=list(tokenizer.specials))
    texts = [sample.text for sample in samples]
    texts += [article for one in declarations() for article in one.articles]
    tried = differ = unexplained = 0
    for raw in texts:
        text = raw.encode("utf-8", "replace").decode().replace("\0", "")
        ids = tokenizer.encode(text, specials="text").tolist()
        tried += 1
        if ids != library.tokenize(text.encode(), add_bos=False, special=False):
            differ += 1
            unexplained += not approximated(text)
    return tried, differ, unexplained


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tokenizers", nargs="*", default=NAMES)
    parser.add_argument("--budget", type=int, default=200_000)
    options = parser.parse_args()
    total = 0
    print(f"llama-cpp-python {llama_cpp.__version__}")
    print(f"{'tokenizer':20} {'texts':>8} {'differ':>8} {'without a known reason':>24}")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.tokenizers:
            try:
                tried, differ, unexplained = compare(name, options.budget, Path(folder))
            except UnsupportedError as error:
                print(f"{name:20} {error}")
                continue
            total += unexplained
            print(f"{name:20} {tried:8,} {differ:8,} {unexplained:24,}", flush=True)
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
