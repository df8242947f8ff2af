"""Ids against the reference libraries: every tokenizer of the assets, every corpus, generated text.

    python benchmarks/parity.py [--bytes N] [--generated N] [--assets DIR] [--only NAME] [--json]

Compared are ids with special tokens as text, as tokens and with the post-processor's additions, as
far as the reference has them, and decoding; the vectors that the reference libraries publish in
their own tests are checked too. Exit code 1 if anything differs. Needs the packages tiktoken,
tokenizers, sentencepiece and mistral-common; a reference that is not installed is named, not skipped.
"""

from __future__ import annotations

import argparse
import base64
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parity_vectors import VECTORS
from rich.console import Console
from rich.table import Table

from tokenworks.errors import FormatError
from tokenworks.text import documents
from tokenworks.text.hostile import every_code_point
from tokenworks.tokenizer import Tokenizer
from tokenworks.workflows.verify import VerifyResult, subject, verify
from tokenworks.workflows.verify.subjects import Subject, ragged

ROOT = Path(__file__).resolve().parents[1]
TEXT_SUFFIXES = {".txt", ".md", ".jsonl", ".json", ".csv", ".tsv", ".parquet", ".html", ".dic"}


@dataclass(frozen=True)
class Case:
    """One tokenizer, and how to load it in its reference library."""

    name: str
    path: Path
    library: str
    load: Callable[[Path], Any]


def tiktoken_reference(path: Path) -> Any:
    """tiktoken's own encoding of this name, its pattern and specials included, over our file."""
    public = importlib.import_module("tiktoken_ext.openai_public")
    tiktoken = importlib.import_module("tiktoken")
    load = importlib.import_module("tiktoken.load")

    def local(_url: str, expected_hash: str | None = None) -> dict[bytes, int]:
        ranks: dict[bytes, int] = load.load_tiktoken_bpe(str(path), expected_hash=expected_hash)
        return ranks

    public.load_tiktoken_bpe = local
    return tiktoken.Encoding(**public.ENCODING_CONSTRUCTORS[path.stem]())


def js_tiktoken_reference(path: Path) -> Any:
    """A tiktoken encoding from the JSON form that npm packages ship."""
    tiktoken = importlib.import_module("tiktoken")
    data = json.loads(path.read_text("utf-8"))
    _, start, *tokens = data["bpe_ranks"].split()
    ranks = {base64.b64decode(token): int(start) + i for i, token in enumerate(tokens)}
    return tiktoken.Encoding(
        path.stem,
        pat_str=data["pat_str"],
        mergeable_ranks=ranks,
        special_tokens=data["special_tokens"],
    )


def tokenizers_reference(path: Path) -> Any:
    """The tokenizers library on the same file."""
    file = path / "tokenizer.json" if path.is_dir() else path
    return importlib.import_module("tokenizers").Tokenizer.from_file(str(file))


def sentencepiece_reference(path: Path) -> Any:
    """The sentencepiece library on the same file."""
    library = importlib.import_module("sentencepiece")
    return library.SentencePieceProcessor(model_file=str(path))


def tekken_reference(path: Path) -> Subject:
    """mistral-common's tokenizer on the same file."""
    module = importlib.import_module("mistral_common.tokens.tokenizers.tekken")
    tekken = module.Tekkenizer.from_file(str(path))
    return Subject(
        "mistral-common",
        {"text": lambda texts: ragged([tekken.encode(t, bos=False, eos=False) for t in texts])},
        decode=lambda ids: str(tekken.decode(list(ids))),
    )


def cases(assets: Path, also: list[Path]) -> Iterator[Case]:
    """Every tokenizer of the assets, and those named beside, with its reference."""
    for path in also:
        if path.suffix == ".model":
            yield Case(path.stem, path, "sentencepiece", sentencepiece_reference)
        else:
            yield Case(path.stem, path, "tokenizers", tokenizers_reference)
    folder = assets / "tokenizers"
    for path in sorted(folder.glob("*.tiktoken")):
        yield Case(path.stem, path, "tiktoken", tiktoken_reference)
    for path in sorted(folder.glob("*.json")):
        if path.name.startswith("tekken"):
            yield Case(path.stem, path, "mistral_common", tekken_reference)
        elif path.name == "claude-npm.json":
            yield Case(path.stem, path, "tiktoken", js_tiktoken_reference)
        else:
            yield Case(path.stem, path, "tokenizers", tokenizers_reference)
    for path in sorted(folder.glob("*.hf")):
        yield Case(path.stem, path, "tokenizers", tokenizers_reference)
    for path in sorted(folder.rglob("*.model")):
        parts = path.relative_to(folder).with_suffix("").parts
        yield Case("/".join(parts[-3:]), path, "sentencepiece", sentencepiece_reference)


def corpora(assets: Path) -> dict[str, list[Path]]:
    """Name and files of each corpus."""
    found: dict[str, list[Path]] = {}
    for group in ("bench", "corpora"):
        for entry in sorted((assets / group).glob("*")):
            files = [entry] if entry.is_file() else sorted(entry.rglob("*"))
            files = [f for f in files if f.is_file() and f.suffix.lower() in TEXT_SUFFIXES]
            if files:
                found[entry.stem] = files
    return found


def read(files: list[Path], size: int) -> list[str]:
    """About `size` bytes of a corpus, from files spread over it and from the middle of big ones."""
    chosen = files[:: max(1, len(files) // 16)]
    share = max(4096, size // len(chosen))
    out: list[str] = []
    for file in chosen:
        if file.suffix == ".txt" and file.stat().st_size > 8 * share:
            out += spread(file, share)
            continue
        left = share
        try:
            kind = (
                None if file.suffix in {".parquet", ".html"} else "text"
            )  # JSON as the text it is
            for document in documents(
                [file], max_document_bytes=8192, format=kind, on_problem=lambda _: None
            ):
                out.append(document.text)
                left -= len(document.text.encode())
                if left <= 0:
                    break
        except FormatError as error:
            print(f"{file.name}: {error}", file=sys.stderr)
    return out


def spread(file: Path, size: int) -> list[str]:
    """Pieces of 8 KB from all over a big text file."""
    total, pieces = file.stat().st_size, max(1, size // 8192)
    out = []
    with file.open("rb") as data:
        for i in range(pieces):
            data.seek(total * i // pieces)
            out.append(data.read(8192).decode("utf-8", "ignore"))
    return out


def check_vectors(name: str, tokenizer: Tokenizer) -> tuple[int, list[str]]:
    """The published vectors of this tokenizer: how many, and which fail."""
    wrong = []
    mine = [v for v in VECTORS if v.tokenizer == name]
    for vector in mine:
        ids = tokenizer.encode(vector.text, specials=vector.specials).tolist()
        if ids != list(vector.ids):
            wrong.append(f"{vector.text!r}: {ids} instead of {list(vector.ids)} ({vector.source})")
    return len(mine), wrong


def compare(
    case: Case, texts: dict[str, list[str]], generated: int
) -> tuple[VerifyResult, int, list[str]]:
    """Compare one tokenizer with its reference on everything."""
    ours = Tokenizer.load(str(case.path))
    theirs = subject(case.load(case.path), f"{case.library} {case.name}")
    every = (t for corpus in texts.values() for t in corpus)
    result = verify(ours, theirs, budget=generated, texts=every)
    return result, *check_vectors(case.name, ours)


def shorten(value: object) -> str:
    """The beginning of a value's repr."""
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def main() -> int:
    """Run the comparison and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--bytes", type=int, default=200_000, help="of each corpus")
    parser.add_argument("--generated", type=int, default=1_000_000, help="bytes of generated text")
    parser.add_argument("--assets", type=Path, default=ROOT / ".assets")
    parser.add_argument("--only", default="", help="tokenizers whose name contains this")
    parser.add_argument(
        "--also", type=Path, nargs="*", default=[], help="further tokenizer.json or .model files"
    )
    parser.add_argument("--code-points", action="store_true", help="every Unicode character too")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.assets / "tokenizers").is_dir():
        print(f"error: no tokenizers in {options.assets}; give --assets", file=sys.stderr)
        return 2
    texts = {name: read(files, options.bytes) for name, files in corpora(options.assets).items()}
    if options.code_points:
        texts["every code point"] = [s.text for s in every_code_point()]
    table = Table("tokenizer", "reference", "texts", "bytes", "vectors", "uses", "differences")
    for column in table.columns[2:5]:
        column.justify = "right"
    rows, bad = [], 0
    for case in cases(options.assets, options.also):
        if options.only not in case.name:
            continue
        result, vectors, wrong = compare(case, texts, options.generated)
        found = result.counterexample
        bad += len(wrong) + (found is not None)
        said = "0"
        if found is not None:
            sides: list[Any] = [[s.id for s in found.a], [s.id for s in found.b]]
            if found.aspect == "decode":
                sides = [found.decoded_a, found.decoded_b]
            said = " ".join([found.aspect, *(shorten(x) for x in (found.text, *sides))])
        said = "; ".join([said, *wrong])
        uses = ", ".join(result.aspects)
        numbers = (f"{result.texts:,}", f"{result.bytes:,}", str(vectors))
        table.add_row(case.name, case.library, *numbers, uses, said)
        rows.append({"name": case.name, "vectors": vectors, "wrong": wrong, **result.to_json()})
        print(f"{case.name}: {result.sentence()} {result.seconds:.0f} s", file=sys.stderr)
    if options.json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        names = ", ".join(f"{name} ({sum(len(t) for t in part):,})" for name, part in texts.items())
        console = Console(width=None if sys.stdout.isatty() else 160)
        console.print(table, markup=False)
        console.print(f"corpora (characters): {names}", markup=False)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
