"""A vocabulary of byte pieces is small: its trie must be too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MODEL = Path(__file__).parents[1] / "data" / "sentencepiece" / "unigram-byte-fallback.model"
PROGRAM = r"""
import re, sys
from pathlib import Path
from tokenworks import Tokenizer
tokenizer = Tokenizer.load(sys.argv[1])
tokenizer.encode("a")
# Not ru_maxrss, which remembers the process that this one was forked from.
print(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text()).group(1))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
def test_the_trie_of_byte_pieces_stays_small() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(MODEL)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 400_000  # KiB, Python and numpy among them; sanitizers take more
