"""How training grows with the corpus: time, memory, distinct pretokens and spilled bytes.

    python benchmarks/growth.py [--sizes 10,30,100,300] [--limit 1000] [--limit-size 1000]
        [--line 2000] [--algorithm bpe] [--vocab-size 32000] [--svg OUT.svg] [--work FOLDER]

The text is generated from a seed: common words by Zipf's law, and about 12,100 pretokens that were not
there before in every megabyte, as many as in the 55 MB of multilingual manuals of the other
benchmarks, of 19 bytes on average, in three scripts. With `--limit`, the text of `--limit-size`
megabytes is trained on with and without that bound, and merges and peaks are compared. With `--line`, so
many megabytes of a text that is a single line are trained on. Every run is a fresh process.
Prints Markdown.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from train import measure  # beside this file

NEW_PER_MB = 12_100
COMMON = 30_000
SYLLABLES = 64  # five of them make a new word, each time another sequence
CONSONANTS = ("bdfghklmnprstvzj", "bdfghklmnprstvzj", "бвгджзклмнпрстфх", "बभदगहकलमनपरसतवजय")
VOWELS = ("aeio", "uywq", "аеио", "अइएओ")
TRAIN = """
import json, sys, tokenworks
text, size, algorithm, memory, out = sys.argv[1:]
trained = tokenworks.train(text, vocab_size=int(size), algorithm=algorithm, memory=int(memory) or None)
trained.save(out + "/tokenizer")
report = trained.counts
with open(out + "/report.json", "w") as stream:
    json.dump({"distinct": report.distinct, "spilled": report.spilled_bytes}, stream)
"""


def syllables() -> list[NDArray[np.uint8]]:
    """The syllables of each script, uint8 [64, bytes of one]."""
    return [
        np.array(
            [list((consonant + vowel).encode()) for consonant in consonants for vowel in vowels],
            dtype=np.uint8,
        )
        for consonants, vowels in zip(CONSONANTS, VOWELS, strict=True)
    ]


def new_words(first: int, n: int, scripts: list[NDArray[np.uint8]]) -> list[bytes]:
    """The words of numbers `first` to `first + n`, all different."""
    numbers = np.arange(first, first + n, dtype=np.uint64)
    # an odd factor permutes the numbers below 2^30, so that neighbours share no syllables
    mixed = (numbers * np.uint64(0x9E3779B1)) & np.uint64((1 << 30) - 1)
    digits = np.stack([(mixed >> np.uint64(6 * k)) & np.uint64(63) for k in range(5)], axis=1)
    which = (numbers // np.uint64(64)) % np.uint64(len(scripts))
    words: list[bytes] = []
    for script, table in enumerate(scripts):
        spelled = np.ascontiguousarray(
            table[digits[which == script]].reshape(-1, 5 * table.shape[1])
        )
        words += spelled.view(f"S{spelled.shape[1]}").reshape(-1).tolist()
    return words


def generate(path: Path, megabytes: int, seed: int = 0) -> None:
    """Write the text; a shorter one is the beginning of a longer one."""
    random = np.random.default_rng(seed)
    scripts = syllables()
    lengths = random.integers(1, 4, size=COMMON).tolist()
    drawn = random.integers(0, SYLLABLES, size=(COMMON, 3))
    common = [scripts[0][row[:n]].tobytes() for row, n in zip(drawn, lengths, strict=True)]
    shares = 1 / np.arange(1, COMMON + 1)
    shares /= shares.sum()
    cumulative = np.cumsum(shares)
    mean = 1 + float(
        shares @ [len(word) for word in common]
    )  # bytes of a common word and its space
    with path.open("wb") as stream:
        for megabyte in range(megabytes):
            words = new_words(megabyte * NEW_PER_MB, NEW_PER_MB, scripts)
            held = sum(map(len, words)) + len(words)
            picked = np.searchsorted(cumulative, random.random(int((1_000_000 - held) / mean)))
            words += [common[i] for i in picked.tolist()]
            stream.write(b" ".join([words[i] for i in random.permutation(len(words)).tolist()]))
            stream.write(b"\n")


def run(text: Path, options: argparse.Namespace, memory: int) -> dict[str, float | str]:
    """Train in a fresh process."""
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        command = [sys.executable, "-c", TRAIN, str(text), str(options.vocab_size)]
        command += [options.algorithm, str(memory), folder]
        seconds, processor, peak = measure(command)
        report = json.loads((Path(folder) / "report.json").read_text())
        model = json.loads((Path(folder) / "tokenizer/tokenizer.json").read_text("utf-8"))["model"]
    digest = hashlib.sha256(json.dumps(model["merges"]).encode()).hexdigest()
    return {
        "megabytes": round(text.stat().st_size / 1e6),
        "seconds": seconds,
        "processor": processor,
        "peak": peak / 1e6,
        "merges": digest,
        **report,
    }


def row(name: str, found: dict[str, float | str]) -> str:
    return (
        f"| {name} | {found['seconds']:.1f} | {found['processor']:.1f} | {found['peak']:.0f} "
        f"| {found['distinct']:,} | {float(found['spilled']) / 1e6:,.0f} |"
    )


def shown(value: float) -> str:
    """A figure as the plot has it."""
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def plot(rows: list[dict[str, float | str]], path: Path) -> None:
    """Seconds of processors and megabytes of memory over the size of the text, side by side."""
    width, height, left, top = 300, 200, 50, 30
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 280" font-family="sans-serif" '
        'font-size="12"><rect width="760" height="280" fill="white"/>'
    ]
    right = max(float(r["megabytes"]) for r in rows)
    for panel, (key, title) in enumerate(
        (("processor", "processor seconds"), ("peak", "peak memory, MB"))
    ):
        x0, y0 = left + panel * 380, top + height
        highest = max(float(r[key]) for r in rows)
        points = [
            (x0 + width * float(r["megabytes"]) / right, y0 - height * float(r[key]) / highest)
            for r in rows
        ]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<text x="{x0}" y="{top - 10}" font-weight="bold">{title}</text>')
        parts.append(
            f'<path d="M{x0} {top}V{y0}H{x0 + width}" fill="none" stroke="#888"/>'
            f'<polyline points="{line}" fill="none" stroke="#1f5fa8" stroke-width="2"/>'
        )
        for (x, y), r in zip(points, rows, strict=True):
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#1f5fa8"/>'
                f'<text x="{x + 5:.1f}" y="{y + 15:.1f}">{shown(float(r[key]))}</text>'
                f'<text x="{x:.1f}" y="{y0 + 16}" text-anchor="middle">{r["megabytes"]}</text>'
            )
        parts.append(f'<text x="{x0 + width}" y="{y0 + 32}" text-anchor="end">MB of text</text>')
    path.write_text("".join([*parts, "</svg>\n"]), encoding="utf-8")


def main() -> None:
    """Generate, train, print, plot."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", default="10,30,100,300", help="megabytes, separated by commas")
    parser.add_argument("--limit", type=int, default=0, help="megabytes for the whole process")
    parser.add_argument("--limit-size", type=int, default=1000, help="megabytes of that text")
    parser.add_argument("--algorithm", default="bpe")
    parser.add_argument("--vocab-size", type=int, default=32_000)
    parser.add_argument("--line", type=int, default=0, help="megabytes of one line to train on")
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--work", type=Path, help="the folder for texts; they are removed")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",") if size]
    rows = []
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        text = Path(folder) / "text.txt"
        print("| text | seconds | processor s | peak MB | distinct pretokens | spilled MB |")
        print("|---|---|---|---|---|---|")
        for size in sizes:
            generate(text, size)
            rows.append(run(text, options, 0))
            print(row(f"{size} MB", rows[-1]), flush=True)
        if options.limit:
            generate(text, options.limit_size)
            bound = run(text, options, options.limit * 1_000_000)
            print(row(f"{options.limit_size} MB within {options.limit} MB", bound), flush=True)
            free = run(text, options, 0)
            print(row(f"{options.limit_size} MB without a bound", free), flush=True)
            same = "equal" if bound["merges"] == free["merges"] else "DIFFERENT"
            kept = "kept" if float(bound["peak"]) <= options.limit else "BROKEN"
            print(f"\nThe merges are {same}; the bound is {kept}.")
        if options.line:
            generate(text, 1)
            block = text.read_bytes().replace(b"\n", b" ")
            with text.open("wb") as stream:
                for _ in range(options.line):
                    stream.write(block)
            print(row(f"one line of {options.line} MB", run(text, options, 0)), flush=True)
    if options.svg:
        plot(rows, options.svg)


if __name__ == "__main__":
    main()
