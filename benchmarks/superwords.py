"""What superwords gain: the table over the transition, and held-out text of many languages.

    python benchmarks/superwords.py transition TEXT [--vocab-size 16000] [--megabytes 8]
    python benchmarks/superwords.py languages FILES_OR_FOLDERS... [--vocab-size 4096]
    python benchmarks/superwords.py together FILES_OR_FOLDERS... [--vocab-size 32000] [--learn TEXT]

transition: BPE and SuperBPE (the published second stage) at every tenth of the vocabulary as t, and
without words at all (t = 0), learned from the start of a text and counted on the part that follows.
languages: for each language one file of lines, such as those of NTREX-128, or one folder of documents,
such as Debian's packages of LibreOffice's help; every fifth block of 50 lines, or every fifth document,
is held out, the rest is learned from, by each method anew.
together: the same with one tokenizer for all languages, or one that was learned from another text.
All print Markdown.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

from tokenworks.tokenizer import Tokenizer
from tokenworks.training.source import TextSource
from tokenworks.workflows.train import train

BLOCK = 50  # lines
SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
METHODS: tuple[tuple[str, dict[str, object]], ...] = (
    ("superbpe t = 0.8", {"algorithm": "superbpe"}),
    ("superbpe t = auto", {"algorithm": "superbpe", "transition": "auto"}),
    ("superbpe chunks, t = 0.8", {"algorithm": "superbpe", "variant": "chunks"}),
)


def learned(texts: list[str], size: int, options: dict[str, object]) -> Tokenizer:
    source = TextSource.of_texts(texts)
    return train(source, vocab_size=size, **{"pattern": "o200k", **options}).tokenizer  # type: ignore[arg-type]


def transition(path: Path, size: int, megabytes: int) -> None:
    """Tokens of held-out text by the size at which words end."""
    with path.open(encoding="utf-8") as stream:
        text = stream.read(megabytes * 1_000_000)
        held_out = stream.read(1_000_000)
    documents = [text[i : i + 20_000] for i in range(0, len(text), 20_000)]
    plain = learned(documents, size, {}).count(held_out)
    length = len(held_out.encode())
    print(
        f"| t | tokens | bytes per token | against BPE |\n|---|---|---|---|\n{'| BPE':12}", end=""
    )
    print(f"| {plain:,} | {length / plain:.3f} | |")
    for share in SHARES:
        options = {"algorithm": "superbpe", "variant": "chunks", "transition": share}
        tokens = learned(documents, size, options).count(held_out)
        row = f"| {tokens:,} | {length / tokens:.3f} | {100 * (tokens / plain - 1):+.1f} % |"
        print(f"| {share:.1f} V {row}", flush=True)


def languages(paths: list[Path], size: int) -> None:
    """Tokens of held-out text, for each file or folder."""
    table = Table(METHODS)
    for path in paths:
        name, held_out, rest = divided(path)
        table.row(
            name, held_out, learned(rest, size, {}), [learned(rest, size, o) for _, o in METHODS]
        )
    table.close()


def together(paths: list[Path], size: int, other: Path | None) -> None:
    """The same with tokenizers that are learned from all of them at once, or from another text."""
    methods = METHODS[:2]
    parts = [divided(path) for path in paths]
    texts = [text for _, _, rest in parts for text in rest]
    if other is not None:
        texts = list(TextSource.of_paths([other]).documents())
    plain, *others = (learned(texts, size, options) for options in ({}, *(o for _, o in methods)))
    table = Table(methods)
    for name, held_out, _ in parts:
        table.row(name, held_out, plain, others)
    table.close()


class Table:
    """Tokens of held-out text by language and method."""

    def __init__(self, methods: tuple[tuple[str, dict[str, object]], ...]) -> None:
        self.names = [name for name, _ in methods]
        self.fewer = [0] * len(methods)
        self.rows = 0
        print("| language | bytes | BPE | " + " | ".join(self.names) + " |")
        print("|---|---|---|" + "---|" * len(methods))

    def row(self, name: str, held_out: str, plain: Tokenizer, others: list[Tokenizer]) -> None:
        """Count, and print."""
        base = plain.count(held_out)
        cells = [name, f"{len(held_out.encode()):,}", f"{base:,}"]
        for number, other in enumerate(others):
            tokens = other.count(held_out)
            self.fewer[number] += tokens < base
            cells.append(f"{tokens:,} ({100 * (tokens / base - 1):+.1f} %)")
        self.rows += 1
        print("| " + " | ".join(cells) + " |", flush=True)

    def close(self) -> None:
        """In how many languages each method has fewer."""
        for name, n in zip(self.names, self.fewer, strict=True):
            print(f"\n{name}: fewer tokens than BPE in {n} of {self.rows} languages")


def divided(path: Path) -> tuple[str, str, list[str]]:
    """The name of a language, what is held out of its text, and the rest."""
    if path.is_dir():
        documents = list(TextSource.of_paths([path]).documents())
        return (
            path.name,
            "".join(documents[4::5]),
            [d for i, d in enumerate(documents) if i % 5 < 4],
        )
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    held_out = "".join(line for i, line in enumerate(lines) if i // BLOCK % 5 == 4)
    rest = "".join(line for i, line in enumerate(lines) if i // BLOCK % 5 != 4)
    return path.stem.rpartition(".")[2], held_out, [rest]


def main() -> None:
    """Print one of the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    tables = parser.add_subparsers(dest="table", required=True)
    one = tables.add_parser("transition")
    one.add_argument("text", type=Path)
    one.add_argument("--vocab-size", type=int, default=16_000)
    one.add_argument("--megabytes", type=int, default=8)
    two = tables.add_parser("languages")
    two.add_argument("files", type=Path, nargs="+")
    two.add_argument("--vocab-size", type=int, default=4096)
    three = tables.add_parser("together")
    three.add_argument("files", type=Path, nargs="+")
    three.add_argument("--vocab-size", type=int, default=32_000)
    three.add_argument("--learn", type=Path)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.table == "transition":
        transition(arguments.text, arguments.vocab_size, arguments.megabytes)
    elif arguments.table == "languages":
        languages(arguments.files, arguments.vocab_size)
    else:
        together(arguments.files, arguments.vocab_size, arguments.learn)


if __name__ == "__main__":
    main()
