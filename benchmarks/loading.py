"""How long it takes to have a tokenizer ready: to load it and encode a first word, in a fresh process.

Seconds on the clock and of the processor, each the least of several runs (where the machine does something
else meanwhile, the second is the telling one), without and with importing the package. The embedded
tokenizers where none is named.

usage: python benchmarks/loading.py [--runs N] [TOKENIZER ...]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

from tokenworks.tokenizer import embedded

PROGRAM = """
import json, sys, time
clock, work = time.perf_counter(), time.process_time()
from tokenworks import Tokenizer
import tokenworks._native, numpy
loaded, done = time.perf_counter(), time.process_time()
tokenizer = Tokenizer.load(sys.argv[1])
tokenizer.encode("Hello")
ready, spent = time.perf_counter(), time.process_time()
print(json.dumps([ready - loaded, spent - done, ready - clock, spent - work, tokenizer.n_tokens]))
"""


def measure(name: str, runs: int) -> list[float]:
    """The least of each figure."""
    found = []
    for _ in range(runs):
        command = [sys.executable, "-c", PROGRAM, name]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found.append(json.loads(done.stdout))
    return [min(column) for column in zip(*found, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tokenizers", nargs="*", default=embedded.names())
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    print(f"{'':36} {'':>9} {'load and encode':>19} {'with the imports':>19}")
    print(
        f"{'tokenizer':36} {'tokens':>9} {'s clock':>9} {'s of cpu':>9} {'s clock':>9} {'s of cpu':>9}"
    )
    for name in options.tokenizers:
        *seconds, tokens = measure(name, options.runs)
        figures = " ".join(f"{value:9.3f}" for value in seconds)
        print(f"{name[-36:]:36} {int(tokens):9,} {figures}", flush=True)


if __name__ == "__main__":
    main()
