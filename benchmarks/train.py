"""Training, side by side: whole processes, wall and processor time, peak memory, merges compared.

    python benchmarks/train.py TEXT... [--sizes 32000,128000] [--runs 3] [--only NAMES] [--state FILE]

Every cell is a fresh process, from the text file to the written tokenizer, through the Python interface
of each library (our command line takes some 0.1 s more, to read its options); the runs of all
contestants take turns, and the fastest of each counts. Peers that are not installed are named.
`tokenizers`, `rustbpe` and we split by the cl100k pattern; `gigatoken` has gpt2's only, so we run that
as well. Finished runs are kept in the state file, and the same command goes on from there. Prints
Markdown.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from functools import cache
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


OURS = """
import sys, tokenworks
text, size, out, pattern, algorithm = sys.argv[1:]
options = {"pattern": pattern} if pattern else {}
tokenworks.train(text, vocab_size=int(size), algorithm=algorithm, **options).save(out + "/trained")
"""
PEERS = ("tokenizers", "rustbpe", "gigatoken")
CONTESTANTS = ("bpe/cl100k", "bpe/gpt2", "superbpe", "boundlessbpe", *PEERS)
# By the peer: ours that splits the same text alike.
SAME_PATTERN = {"tokenizers": "bpe/cl100k", "rustbpe": "bpe/cl100k", "gigatoken": "bpe/gpt2"}


@dataclass(frozen=True)
class Run:
    """One run. seconds of wall and processors; bytes of memory; a hash of the merges, or "" ."""

    contestant: str
    text: str
    vocab_size: int
    turn: int
    seconds: float
    processor_seconds: float
    peak_bytes: int
    merges: str = ""

    def short(self) -> str:
        """Time and memory."""
        return f"{self.seconds:.2f} s, {self.peak_bytes / 1e6:,.0f} MB"


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


def command_of(name: str, text: str, size: int, out: str, found: dict[str, list[str]]) -> list[str]:
    """The command line of a contestant."""
    if name in found:
        return [*found[name], text, str(size), out, CL100K]
    algorithm, _, pattern = name.partition("/")
    return [sys.executable, "-c", OURS, text, str(size), out, pattern, algorithm]


@cache
def environment() -> dict[str, str]:
    """Ours, with a place for compiled Python: an installed package has its modules compiled."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": tempfile.mkdtemp(prefix="compiled-")}


def measure(command: list[str]) -> tuple[float, float, int]:
    """Wall seconds, processor seconds and peak bytes of a process that must succeed."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=errors, env=environment()
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{command[:4]} failed:\n{errors.read().decode()[-2000:]}")
    scale = 1 if sys.platform == "darwin" else 1024
    seconds = time.perf_counter() - begun
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale


def merges_of(folder: Path) -> str:
    """A hash of the merges of the tokenizer.json in a folder, where there is one."""
    for path in sorted(folder.rglob("tokenizer.json")):
        model = json.loads(path.read_text(encoding="utf-8"))["model"]
        return hashlib.sha256(json.dumps(model["merges"]).encode()).hexdigest()
    return ""


def run_all(options: argparse.Namespace, state: Path) -> list[Run]:
    """Every run that the state file does not hold yet; all contestants of a cell take turns."""
    known = json.loads(state.read_text(encoding="utf-8")) if state.is_file() else []
    runs = [Run(**entry) for entry in known]
    done = {(run.contestant, run.text, run.vocab_size, run.turn) for run in runs}
    found = peers()
    names = [n for n in options.only.split(",") if n in found or n not in PEERS]
    for text in options.texts:
        for size in map(int, options.sizes.split(",")):
            for turn in range(options.runs):
                for name in names:
                    if (name, Path(text).name, size, turn) in done:
                        continue
                    with tempfile.TemporaryDirectory() as folder:
                        measured = measure(command_of(name, text, size, folder, found))
                        merges = merges_of(Path(folder))
                    runs.append(Run(name, Path(text).name, size, turn, *measured, merges))
                    print(f"  {name} {text} {size}: {measured[0]:.2f} s", file=sys.stderr)
                    state.write_text(json.dumps([asdict(run) for run in runs], indent=1))
    return runs


def best_of(runs: list[Run]) -> dict[tuple[str, int], dict[str, Run]]:
    """The fastest run of each contestant, by text and size."""
    cells: dict[tuple[str, int], dict[str, Run]] = {}
    for run in runs:
        best = cells.setdefault((run.text, run.vocab_size), {})
        first = best.setdefault(run.contestant, run)
        if run.seconds < first.seconds:
            best[run.contestant] = run
    return cells


def report(runs: list[Run]) -> str:
    """All cells side by side, then a table for each, and how we compare with each peer there."""
    cells = best_of(runs)
    names = dict.fromkeys(name for best in cells.values() for name in best)
    lines = ["| | " + " | ".join(f"{text}, {size:,}" for text, size in cells) + " |"]
    lines += ["|---|" + "---|" * len(cells)]
    for name in names:
        found = (best.get(name) for best in cells.values())
        lines += [f"| {name} | " + " | ".join(one.short() if one else "" for one in found) + " |"]
    lines += [""]
    for (text, size), best in cells.items():
        lines += [f"### {text}, {size:,} tokens", ""]
        lines += ["| | wall s | processor s | peak MB |", "|---|---|---|---|"]
        lines += [
            f"| {name} | {run.seconds:.2f} | {run.processor_seconds:.2f} | {run.peak_bytes / 1e6:.0f} |"
            for name, run in best.items()
        ]
        lines += ["", *comparisons(best), ""]
    return "\n".join(lines)


def comparisons(best: dict[str, Run]) -> list[str]:
    """Our time against that of each peer, in words."""
    said = []
    for peer, own in SAME_PATTERN.items():
        if peer in best and own in best:
            ratio = best[peer].seconds / best[own].seconds
            said.append(f"- {own} is {ratio:.1f} times as fast as {peer}")
    for name in ("superbpe", "boundlessbpe"):
        for other in ("tokenizers", "bpe/cl100k"):
            if name in best and other in best:
                ratio = best[name].seconds / best[other].seconds
                said.append(f"- {name} takes {ratio:.2f} times as long as {other}")
    if "tokenizers" in best and "bpe/cl100k" in best:
        same = best["tokenizers"].merges == best["bpe/cl100k"].merges
        said.append(f"- the merges of bpe/cl100k {'equal' if same else 'DIFFER from'} tokenizers'")
    return said


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("texts", nargs="+")
    parser.add_argument("--sizes", default="32000,128000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", default=",".join(CONTESTANTS), help="separated by commas")
    parser.add_argument("--state", type=Path, default=Path("train-benchmark.json"))
    options = parser.parse_args()
    measure([sys.executable, "-c", "import tokenworks.workflows.train, tokenworks.training.bpe"])
    print(report(run_all(options, options.state)))


if __name__ == "__main__":
    main()
