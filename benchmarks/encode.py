"""Encoding speed beside the peers, in one run: first pass over the text, each engine in a fresh process.

    python benchmarks/encode.py [--megabytes 20] [--rounds 3] [--vocabularies cl100k,o200k,...]
                                [--assets DIR] [--engines ours,gigatoken,...] [--hostile] [--json]

A cell is MB/s over documents of 8,192 characters after a warm-up of two strings: with one thread a
loop of encode calls on one core, with two threads the batch call. Rounds go round all engines, so
that a machine that slows down slows them all; the best round counts, the others are in the JSON.
`numpy` engines return arrays, `list` engines Python lists; ours is measured as both. An engine is
exact when it gives the ids of the reference (tiktoken, or tokenizers for files) for every document;
differing ones are counted. `--hostile` adds texts that a quadratic encoder would not survive.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    "cl100k": "tokenizers/cl100k_base.tiktoken",
    "o200k": "tokenizers/o200k_base.tiktoken",
    "qwen2.5": "tokenizers/qwen2_5.hf/tokenizer.json",
    "llama3": "tokenizers/llama3.hf/tokenizer.json",
}
EMBEDDED = {"cl100k": "cl100k_base", "o200k": "o200k_base", "qwen2.5": "qwen2.5"}
CORPORA = ("en", "multi", "code")
ENGINES = (
    "ours",
    "gigatoken",
    "fastokens",
    "ours-list",
    "gigatoken-list",
    "fastokens-list",
    "tiktoken",
)
DOCUMENT = 8192

One = Callable[[str], Any]
Batch = Callable[[Sequence[str]], Any]


def main() -> None:
    arguments = parse()
    if arguments.worker:
        print(json.dumps(work(**json.loads(arguments.worker))))
        return
    rows = measure(arguments)
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    show(rows)
    if arguments.hostile:
        hostile()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--vocabularies", default=",".join(FILES))
    parser.add_argument("--corpora", default=",".join(CORPORA))
    parser.add_argument("--engines", default=",".join(ENGINES))
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--assets", type=Path, help="folder with tokenizers/ and bench/")
    parser.add_argument("--hostile", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    rows = []
    for vocabulary in arguments.vocabularies.split(","):
        for corpus in arguments.corpora.split(","):
            for threads in map(int, arguments.threads.split(",")):
                cell: dict[str, list[dict[str, Any]]] = {}
                for _ in range(arguments.rounds):
                    for engine in arguments.engines.split(","):
                        job = {
                            "engine": engine,
                            "vocabulary": vocabulary,
                            "corpus": corpus,
                            "threads": threads,
                            "bytes": int(arguments.megabytes * 1e6),
                            "assets": str(arguments.assets) if arguments.assets else None,
                        }
                        done = subprocess.run(
                            [sys.executable, __file__, "--worker", json.dumps(job)],
                            capture_output=True,
                            text=True,
                            check=False,
                            env=os.environ | {"RAYON_NUM_THREADS": str(threads)},
                        )
                        if done.returncode:
                            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
                            result: dict[str, Any] = {"failed": last}
                        else:
                            result = json.loads(done.stdout)
                        cell.setdefault(engine, []).append(result)
                rows.append(
                    {
                        "vocabulary": vocabulary,
                        "corpus": corpus,
                        "threads": threads,
                        "engines": cell,
                    }
                )
                print(summary(rows[-1]), file=sys.stderr, flush=True)
    return rows


def summary(row: dict[str, Any]) -> str:
    parts = []
    for engine, results in row["engines"].items():
        rates = [r["rate"] for r in results if "rate" in r]
        if not rates:
            parts.append(f"{engine} -")
            continue
        wrong = results[0].get("differing", 0)
        parts.append(f"{engine} {max(rates):.0f}" + (f" ({wrong} differ)" if wrong else ""))
    return f"{row['vocabulary']:8} {row['corpus']:6} {row['threads']} thread(s)  " + "  ".join(
        parts
    )


def show(rows: list[dict[str, Any]]) -> None:
    engines = list(rows[0]["engines"])
    print("\nMB/s, first pass, best round (differing documents in brackets)\n")
    print("| vocabulary | corpus | threads | " + " | ".join(engines) + " |")
    print("|---" * (3 + len(engines)) + "|")
    for row in rows:
        cells = []
        for engine in engines:
            results = row["engines"][engine]
            rates = [r["rate"] for r in results if "rate" in r]
            wrong = results[0].get("differing", 0)
            cells.append((f"{max(rates):.0f}" if rates else "-") + (f" [{wrong}]" if wrong else ""))
        print(
            f"| {row['vocabulary']} | {row['corpus']} | {row['threads']} | "
            + " | ".join(cells)
            + " |"
        )


def work(
    engine: str, vocabulary: str, corpus: str, threads: int, bytes: int, assets: str | None
) -> dict[str, Any]:
    """One engine over one corpus, in this process."""
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:threads]))
    folder = Path(assets) if assets else ROOT / ".assets"
    documents = read(folder, corpus, bytes)
    size = sum(len(d.encode()) for d in documents)
    before = time.perf_counter()
    one, batch = load(engine, vocabulary, folder, threads)
    loading = time.perf_counter() - before
    for text in ("warm up", "a second string"):
        one(text)
        batch([text, text])
    before = time.perf_counter()
    if threads == 1:
        for document in documents:
            one(document)
    else:
        batch(documents)
    seconds = time.perf_counter() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wanted = reference(vocabulary, folder)
    sample = documents[:: max(1, len(documents) // 200)]
    differing = sum(list(one(d)) != wanted(d) for d in sample)
    return {
        "rate": size / seconds / 1e6,
        "load_seconds": loading,
        "peak_mb": peak,
        "differing": differing,
        "checked": len(sample),
    }


def read(folder: Path, corpus: str, size: int) -> list[str]:
    path = folder / "bench" / f"{corpus}.txt"
    if path.exists():
        with path.open("rb") as file:
            data = file.read(size)
    elif corpus == "code":
        data = b""
        for source in sorted(Path(sysconfig.get_paths()["stdlib"]).rglob("*.py")):
            data += source.read_bytes()
            if len(data) > size:
                break
    else:
        raise SystemExit(f"{path} is not there; --assets names the folder of the collection")
    text = data[:size].decode("utf-8", "ignore")
    return [text[i : i + DOCUMENT] for i in range(0, len(text), DOCUMENT)]


def load(engine: str, vocabulary: str, folder: Path, threads: int) -> tuple[One, Batch]:
    path = str(folder / FILES[vocabulary])
    name, _, kind = engine.partition("-")
    if name == "ours":
        from tokenworks import Tokenizer

        ours = Tokenizer.load(EMBEDDED.get(vocabulary, path))
        if kind == "list":
            return (
                lambda text: ours.encode_list(text, specials="text"),
                lambda texts: ours.encode_lists(texts, specials="text", threads=threads),
            )
        return (
            lambda text: ours.encode(text, specials="text"),
            lambda texts: ours.encode_batch(texts, specials="text", threads=threads),
        )
    if name == "gigatoken":
        import gigatoken

        giga = (
            gigatoken.Tokenizer.from_tiktoken(path)
            if path.endswith(".tiktoken")
            else gigatoken.Tokenizer(path)
        )
        if kind == "list":
            return (
                lambda text: giga.encode(text).tolist(),
                lambda texts: giga.encode_batch(texts).to_list(),
            )
        return giga.encode, giga.encode_batch
    if name == "fastokens":
        from fastokens._native import Tokenizer as Fast

        fast = (
            Fast.from_tiktoken(path, encoding=f"{vocabulary}_base")
            if path.endswith(".tiktoken")
            else Fast.from_file(path)
        )
        if kind == "list":
            return (
                lambda text: fast.encode_ordinary(text).ids,
                lambda texts: [e.ids for e in fast.encode_batch(texts)],
            )

        def flat(texts: Sequence[str]) -> Any:
            import numpy as np

            ids, offsets = fast.encode_batch_flat(texts)
            return np.frombuffer(ids, np.uint32), offsets

        return lambda text: flat([text])[0], flat
    if name == "tiktoken":
        encoding = tiktoken_of(vocabulary, folder)
        return (
            encoding.encode_ordinary,
            lambda texts: encoding.encode_ordinary_batch(list(texts), num_threads=threads),
        )
    raise SystemExit(f"unknown engine {engine}; one of {', '.join(ENGINES)}")


def tiktoken_of(vocabulary: str, folder: Path) -> Any:
    import tiktoken
    from tiktoken.load import load_tiktoken_bpe
    from tiktoken_ext import openai_public as public

    path = folder / FILES[vocabulary]
    if path.suffix != ".tiktoken":
        raise SystemExit("tiktoken reads rank files only")
    public.load_tiktoken_bpe = lambda _url, expected_hash=None: load_tiktoken_bpe(
        str(path), expected_hash=expected_hash
    )
    return tiktoken.Encoding(**public.ENCODING_CONSTRUCTORS[path.stem]())


def reference(vocabulary: str, folder: Path) -> Callable[[str], list[int]]:
    path = folder / FILES[vocabulary]
    if path.suffix == ".tiktoken":
        ordinary: Callable[[str], list[int]] = tiktoken_of(vocabulary, folder).encode_ordinary
        return ordinary
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.encode_special_tokens = True
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def hostile() -> None:
    """Texts that punish a quadratic encoder: time at one size and at twice the size."""
    from tokenworks import Tokenizer

    every = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)
    letters = "".join(chr(97 + (i * i + i // 7) % 26) for i in range(1 << 20))
    makers: dict[str, Callable[[int], str]] = {
        "letters without a space": lambda n: (letters * (n // len(letters) + 1))[:n],
        "one letter": lambda n: "x" * n,
        "spaces": lambda n: " " * n,
        "digits": lambda n: "1" * n,
        "line ends": lambda n: "\n" * n,
        "Chinese without a space": lambda n: "天地玄黄宇宙洪荒" * (n // 8),
        "all 256 bytes as characters": lambda n: "".join(map(chr, range(256))) * (n // 256),
        "every Unicode code point": lambda n: every * max(1, n // len(every)),
    }
    print("\nseconds for 1, 5 and 10 million characters\n")
    names = ("gpt2", "cl100k_base", "o200k_base", "qwen2.5", "mistral-v1")
    print("| text | " + " | ".join(names) + " |\n" + "|---" * (len(names) + 1) + "|")
    tokenizers = [Tokenizer.load(name) for name in names]
    for label, make in makers.items():
        cells = []
        for tokenizer in tokenizers:
            times = []
            for n in (1_000_000, 5_000_000, 10_000_000):
                text = make(n)
                before = time.perf_counter()
                tokenizer.encode(text, specials="text")
                times.append(f"{time.perf_counter() - before:.2f}")
            cells.append(" / ".join(times))
        print(f"| {label} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
