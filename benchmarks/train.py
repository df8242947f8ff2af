"""Training, side by side: whole processes, wall and processor time, peak memory, merges compared.

    python benchmarks/train.py TEXT... [--sizes 32000,128000] [--runs 3] [--only NAMES] [--json OUT]

Every cell is a fresh process, from the text file to the written tokenizer; the runs of all contestants
take turns, and the fastest of each counts. Peers that are not installed are named. `tokenizers`,
`rustbpe` and we split by the cl100k pattern; `gigatoken` has gpt2's only, so we run that as well.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
# Documents of 64 KB, cut where no pretoken is: between a letter and a space before a letter.
DOCUMENTS = """
import re, sys
text = open(sys.argv[1], encoding="utf-8-sig", newline="").read()
def documents():
    cut, begin = re.compile(r"(?<=[a-z])(?= [a-z])"), 0
    while begin < len(text):
        found = cut.search(text, begin + 65536)
        end = found.start() if found else len(text)
        yield text[begin:end]
        begin = end
size, out, pattern = int(sys.argv[2]), sys.argv[3], sys.argv[4]
"""
TOKENIZERS = """
from tokenizers import Regex, Tokenizer, models, pre_tokenizers as pre, trainers
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre.Sequence(
    [pre.Split(Regex(pattern), "isolated"), pre.ByteLevel(add_prefix_space=False, use_regex=False)])
tokenizer.train_from_iterator(documents(), trainers.BpeTrainer(
    vocab_size=size, show_progress=False, initial_alphabet=pre.ByteLevel.alphabet()))
tokenizer.save(out + "/tokenizer.json")
"""
RUSTBPE = """
import rustbpe
tokenizer = rustbpe.Tokenizer()
tokenizer.train_from_iterator(documents(), size, pattern=pattern)
"""
GIGATOKEN = """
import sys, gigatoken
gigatoken.train_bpe(gigatoken.TextFileSource([sys.argv[1]]), int(sys.argv[2]), [])
"""


@dataclass
class Run:
    """The fastest of the runs of one contestant. seconds of wall and processors; bytes of memory."""

    contestant: str
    text: str
    vocab_size: int
    seconds: float
    processor_seconds: float
    peak_bytes: int


def peers() -> dict[str, list[str]]:
    """Command lines that take text, size, folder and pattern."""
    scripts = {
        "tokenizers": DOCUMENTS + TOKENIZERS,
        "rustbpe": DOCUMENTS + RUSTBPE,
        "gigatoken": GIGATOKEN,
    }
    found = {}
    for name, script in scripts.items():
        if importlib.util.find_spec(name) is None:
            print(f"{name} is not installed and takes no part", file=sys.stderr)
        else:
            found[name] = [sys.executable, "-c", script]
    return found


def ours(name: str, text: str, size: int, out: str) -> list[str]:
    """Our command line: an algorithm, and a pattern after a slash."""
    algorithm, _, pattern = name.partition("/")
    command = [sys.executable, "-m", "tokenworks", "train", text, "--algorithm", algorithm]
    command += ["--vocab-size", str(size), "-o", out, "--quiet"]
    return [*command, "--pattern", pattern] if pattern else command


def measure(command: list[str]) -> tuple[float, float, int]:
    """Wall seconds, processor seconds and peak bytes of a process that must succeed."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{command[:4]} failed:\n{errors.read().decode()[-2000:]}")
    scale = 1 if sys.platform == "darwin" else 1024
    seconds = time.perf_counter() - begun
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale


def merges(folder: Path) -> list[tuple[str, str]]:
    model = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    return [tuple(pair) for pair in model["merges"]]


def cell(text: str, size: int, names: list[str], runs: int) -> list[Run]:
    """All contestants on one text and size, in turns."""
    commands = peers()
    best: dict[str, Run] = {}
    folders = Path(tempfile.mkdtemp())
    for turn in range(runs):
        for name in names:
            out = folders / f"{name.replace('/', '-')}-{turn}"
            if name in commands:
                out.mkdir()
                command = [*commands[name], text, str(size), str(out), CL100K]
            elif name in ("tokenizers", "rustbpe", "gigatoken"):
                continue
            else:
                command = ours(name, text, size, str(out))
            run = Run(name, Path(text).name, size, *measure(command))
            if name not in best or run.seconds < best[name].seconds:
                best[name] = run
            print(f"  {name} {run.seconds:.2f} s", file=sys.stderr)
    compare(folders, names)
    return list(best.values())


def compare(folders: Path, names: list[str]) -> None:
    reference, own = folders / "tokenizers-0", folders / "bpe-cl100k-0"
    if "tokenizers" not in names or not own.exists() or not reference.exists():
        return
    a, b = merges(reference), merges(own)
    same = next((i for i, pair in enumerate(zip(a, b, strict=False)) if pair[0] != pair[1]), None)
    if a == b:
        print(f"all {len(a):,} merges equal those of tokenizers")
    else:
        print(f"merges differ from those of tokenizers from merge {same} on ({len(a)}, {len(b)})")


def main() -> None:
    """Run and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("texts", nargs="+")
    parser.add_argument("--sizes", default="32000,128000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--only",
        default="bpe/cl100k,bpe/gpt2,superbpe,boundlessbpe,tokenizers,rustbpe,gigatoken",
        help="contestants, separated by commas",
    )
    parser.add_argument("--json", help="also write the table here")
    arguments = parser.parse_args()
    rows: list[Run] = []
    for text in arguments.texts:
        for size in map(int, arguments.sizes.split(",")):
            rows += cell(text, size, arguments.only.split(","), arguments.runs)
    print(f"{'':14}{'text':12}{'tokens':>8}{'wall s':>9}{'cpu s':>9}{'peak MB':>9}")
    for row in rows:
        print(
            f"{row.contestant:14}{row.text:12}{row.vocab_size:8}{row.seconds:9.2f}"
            f"{row.processor_seconds:9.2f}{row.peak_bytes >> 20:9}"
        )
    if arguments.json:
        Path(arguments.json).write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
