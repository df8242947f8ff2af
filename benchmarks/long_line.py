"""A corpus that is one line of a gigabyte: `compare` must stay within its memory.

    python benchmarks/long_line.py [--megabytes 1000] [--tokenizers gpt2 o200k_base]

Once as a plain text, which is encoded in pieces, and once as one record of JSON lines, which is beyond the
longest record and has to be reported, with the rest of the file compared.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from tokenworks.workflows.compare import compare

SENTENCE = b"The quick brown fox jumps over the lazy dog, and 12345 more words follow it. "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--tokenizers", nargs="+", default=["gpt2", "o200k_base"])
    arguments = parser.parse_args()
    chunk = (SENTENCE * 20_000)[:1_000_000]
    with tempfile.TemporaryDirectory() as folder:
        for name, before, after in (
            ("line.jsonl", b'{"text": "', b'"}\n{"text": "the next record"}\n'),
            ("line.txt", b"", b""),
        ):
            path = Path(folder) / name
            with path.open("wb") as file:
                file.write(before)
                for _ in range(arguments.megabytes):
                    file.write(chunk)
                file.write(after)
            began = time.perf_counter()
            found = compare(arguments.tokenizers, path, unreachable=False)
            seconds = time.perf_counter() - began
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{name:11} {path.stat().st_size / 1e6:7,.0f} MB: {found.bytes / 1e6:,.1f} MB compared in "
                f"{seconds:.1f} s, {found.problems['total']} problems, {memory:,.0f} MB of memory at most"
            )
            for problem in found.problems["first"]:
                print(f"            {problem}")
            path.unlink()


if __name__ == "__main__":
    main()
