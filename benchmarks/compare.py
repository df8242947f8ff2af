"""`compare` on a large corpus: where the time goes, and how much memory it takes.

    python benchmarks/compare.py [--megabytes 100] [--corpus FILE ...] [--json]

The corpus is the files given, or the embedded declaration, repeated until it has the size; documents
are lines of JSON, one label per language or file. Ten embedded tokenizers; the search for unreachable
tokens is left out, since it does not depend on the corpus.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tokenworks.data.udhr import declarations
from tokenworks.workflows.compare import compare

TOKENIZERS = (
    *("gpt2", "cl100k_base", "o200k_base", "qwen2.5", "tekken", "mistral-v1", "gpt-neox"),
    *("kl3m-001-32k", "kl3m-004-char-8k-cased", "kl3m-005-multi-word-example-32k"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=100)
    parser.add_argument("--corpus", nargs="*", default=[])
    parser.add_argument("--threads", type=int, default=0, help="of encoding; 0: one per core")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.jsonl"
        size = write(path, arguments.corpus, int(arguments.megabytes * 1e6))
        used = time.process_time()
        found = compare(
            TOKENIZERS,
            path,
            labels="column:label",
            unreachable=False,
            threads=arguments.threads,
        )
        used = time.process_time() - used
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {
        "megabytes": size / 1e6,
        "tokenizers": len(TOKENIZERS),
        "documents": found.documents,
        "seconds": round(found.seconds, 2),
        "processor_seconds": round(used, 2),
        "megabytes_per_second": round(size * len(TOKENIZERS) / 1e6 / found.seconds, 1),
        "peak_memory_mb": round(memory),
    }
    if arguments.json:
        print(json.dumps(result | {"phases": found.phases}))
        return
    for name, value in result.items():
        print(f"{name:22} {value}")
    print("\nwhere the time goes     seconds  share")
    for name, seconds in found.phases.items():
        print(f"{name:22} {seconds:8.2f} {100 * seconds / found.seconds:5.1f} %")
    print("of which methods")
    for one in sorted(found.methods, key=lambda used: -used.seconds):
        print(f"  {one.name:20} {one.seconds:8.2f} {100 * one.seconds / found.seconds:5.1f} %")


def write(path: Path, names: list[str], size: int) -> int:
    """Write documents until they have the size; returns their bytes."""
    written = 0
    with path.open("w", encoding="utf-8") as file:
        while written < size:
            for label, text in texts(names):
                file.write(json.dumps({"text": text, "label": label}, ensure_ascii=False) + "\n")
                written += len(text.encode())
                if written >= size:
                    break
    return written


def texts(names: list[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        with Path(name).open(encoding="utf-8", errors="replace") as file:
            while text := file.read(8192):
                yield Path(name).stem, text
    if not names:
        for one in declarations():
            for article in one.articles:
                yield one.language, article


if __name__ == "__main__":
    main()
