"""Categories of text for `tokenworks mixture`: one folder each, cut from the public test collection.

    python benchmarks/mixture_categories.py COLLECTION OUT [--megabytes 4] [--code FOLDER ...]

COLLECTION is the unpacked collection (`corpora/`, `bench/`). Written are English by kind (novels,
encyclopedia, manuals, abstracts, dialogues), code, and every language of which there are 200 kB: from
NTREX-128, the Universal Declaration, and `multi.txt`, whose languages are told apart window by window
by the trigrams of NTREX-128. The collection's code is Python; C and C++ and the languages of the web
are read from the folders of --code, such as /usr/include and site-packages. Parts are shuffled.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tokenworks.files import write_text

_WINDOW = 3000  # characters of multi.txt that are taken for one language
_TABLE = 1 << 18
# Names of NTREX files that are one language here.
_SAME = {
    "zho-CN": "Chinese",
    "zho-TW": "Chinese",
    "yue": "Chinese",
    "rus": "Russian",
    "ukr": "Ukrainian",
    "jpn": "Japanese",
    "kor": "Korean",
    "arb": "Arabic",
    "tha": "Thai",
    "guj": "Gujarati",
    "hye": "Armenian",
    "kan": "Kannada",
    "fas": "Persian",
    "prs": "Persian",
    "ben": "Bengali",
    "tam": "Tamil",
    "ell": "Greek",
    "heb": "Hebrew",
    "kat": "Georgian",
    "hin": "Hindi",
    "tel": "Telugu",
    "fra": "French",
    "deu": "German",
    "ita": "Italian",
    "spa": "Spanish",
    "spa-MX": "Spanish",
    "por": "Portuguese",
    "por-BR": "Portuguese",
    "nld": "Dutch",
    "pol": "Polish",
    "tur": "Turkish",
    "vie": "Vietnamese",
    "ind": "Indonesian",
    "ces": "Czech",
    "swe": "Swedish",
    "ron": "Romanian",
    "hun": "Hungarian",
    "fin": "Finnish",
    "dan": "Danish",
    "nob": "Norwegian",
    "bul": "Bulgarian",
    "cat": "Catalan",
    "hrv": "Croatian",
}
_C, _WEB = (".h", ".hpp", ".c", ".cpp"), (".js", ".ts", ".css", ".html")
_FROM_MULTI = 300_000  # bytes that a language must have there; less is mostly mistakes


def ntrex(collection: Path) -> dict[str, list[str]]:
    """The lines of every language of NTREX-128, by its name there; American English alone."""
    found: dict[str, list[str]] = {}
    for path in sorted((collection / "corpora/ntrex128/NTREX-128").glob("*.txt")):
        name = path.name.removesuffix(".txt").split(".", 1)[-1]
        if path.name.startswith("newstest2019-ref-2") or name in ("eng-GB", "eng-IN"):
            continue
        found[name] = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return found


def languages_of_multi(collection: Path, news: dict[str, list[str]]) -> dict[str, list[str]]:
    """Windows of multi.txt by language."""
    names = list(news)
    logs = np.stack([_log_profile("".join(news[name])) for name in names])
    windows: dict[str, list[str]] = defaultdict(list)
    text = (collection / "corpora/multi.txt").read_text(encoding="utf-8")
    buffer: list[str] = []
    for line in [*text.splitlines(keepends=True), None]:
        if line is not None:
            buffer.append(line)
            if sum(map(len, buffer[-1:])) < _WINDOW and len(buffer) % 8:
                continue
            if sum(map(len, buffer)) < _WINDOW:
                continue
        window = "".join(buffer)
        buffer = []
        found = _trigrams(re.sub(r"[\W\d_]+", " ", window))
        if len(found):
            windows[names[int(logs[:, found].sum(axis=1).argmax())]].append(window)
    return windows


def _trigrams(text: str) -> NDArray[np.int64]:
    points = np.frombuffer(text.lower().encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)
    if len(points) < 3:
        return np.empty(0, np.int64)
    mixed = points[:-2] * np.uint64(0x9E3779B1) ^ points[1:-1] * np.uint64(0x85EBCA77)
    mixed ^= points[2:] * np.uint64(0xC2B2AE3D)
    return ((mixed * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(46)).astype(np.int64)


def _log_profile(text: str) -> NDArray[np.float32]:
    counts = np.bincount(_trigrams(text), minlength=_TABLE) + 0.1
    return np.log(counts / counts.sum()).astype(np.float32)


def english(collection: Path, windows: list[str]) -> dict[str, list[str]]:
    """English by kind."""
    corpora = collection / "corpora"
    rows: list[str] = []
    for path in sorted(corpora.rglob("MTS-Dialog-*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows += [row["dialogue"] + "\n" for row in csv.DictReader(file)]
    papers = json.loads((corpora / "pubmedqa_ori_pqal.json").read_text(encoding="utf-8"))
    abstracts = ["\n".join((*one["CONTEXTS"], one["LONG_ANSWER"], "")) for one in papers.values()]
    novels = [p.read_text("utf-8") for p in sorted((corpora / "100_english_novels").rglob("*.txt"))]
    wiki = [p.read_text("utf-8") for p in sorted((corpora / "wikitext2").glob("*.txt"))]
    plain = [w for w in windows if sum(c > "\x7f" for c in w) < 0.02 * len(w) and "\\f" not in w]
    return {
        "English novels": novels,
        "English encyclopedia": wiki,
        "English manuals": plain,
        "English abstracts": abstracts,
        "English dialogues": rows,
    }


def other_code(folders: list[Path], size: float) -> dict[str, list[str]]:
    """Code that is not Python, from the files below these folders."""
    found: dict[str, list[str]] = {}
    for name, endings in (("Code C", _C), ("Code web", _WEB)):
        for ending in endings:
            paths = sorted({p for folder in folders for p in folder.rglob(f"*{ending}")})
            random.Random(0).shuffle(paths)
            held = 0
            for path in paths:
                if held > 4 * size / len(endings) or not path.is_file():
                    continue
                text = path.read_text(encoding="utf-8", errors="ignore")[:50_000]
                found.setdefault(name, []).append(text)
                held += len(text)
    return found


def write_categories(
    collection: Path, out: Path, megabytes: float, code_folders: list[Path]
) -> dict[str, int]:
    """Write a folder for each category; returns their bytes."""
    news = ntrex(collection)
    windows = languages_of_multi(collection, news)
    texts = english(collection, windows.pop("eng-US", []))
    texts["English news"] = ["".join(news.pop("eng-US"))]
    code = (collection / "bench/code.txt").read_text(encoding="utf-8", errors="replace")
    texts |= other_code(code_folders, megabytes * 1e6)
    texts["Code Python"] = [code[i : i + 20_000] for i in range(0, len(code), 20_000)]
    for name, lines in news.items():
        if name in _SAME:
            texts.setdefault(_SAME[name], []).append("".join(lines))
    for name, found in windows.items():
        if name in _SAME and sum(len(w.encode()) for w in found) >= _FROM_MULTI:
            texts[_SAME[name]].extend(found)
    sizes = {}
    chance = random.Random(0)
    for name, documents in sorted(texts.items()):
        parts = [part for text in documents for part in _lines(text, 4000)]
        chance.shuffle(parts)
        kept, held = [], 0
        for part in parts:
            if held >= megabytes * 1e6:
                break
            kept.append(part)
            held += len(part.encode())
        folder = out / name.lower().replace(" ", "-")
        for begin in range(0, len(kept), 50):
            write_text(folder / f"{begin // 50:04}.txt", "".join(kept[begin : begin + 50]))
        sizes[name] = held
    return sizes


def _lines(text: str, size: int) -> list[str]:
    parts, begin = [], 0
    while begin < len(text):
        end = text.find("\n", begin + size) + 1 or len(text)
        parts.append(text[begin:end])
        begin = end
    return parts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("collection", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--megabytes", type=float, default=4)
    parser.add_argument("--code", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()
    sizes = write_categories(
        arguments.collection, arguments.out, arguments.megabytes, arguments.code
    )
    for name, size in sizes.items():
        print(f"{size / 1e6:8.2f} MB  {name}")


if __name__ == "__main__":
    main()
