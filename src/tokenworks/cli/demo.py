"""`make demo`: train a small family, compare it with embedded tokenizers in 126 languages, and show it."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tokenworks.data.udhr import declarations
from tokenworks.workflows.compare import compare
from tokenworks.workflows.compare.texts import Corpus, declaration_corpus
from tokenworks.workflows.train import train

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer

TOKENIZERS = (
    *("gpt2", "cl100k_base", "o200k_base", "qwen2.5", "tekken", "mistral-v1", "gpt-neox"),
    *("kl3m-001-32k", "kl3m-004-char-8k-cased"),
)
FRESH = {"fresh-4k": 4_096, "fresh-8k": 8_192, "fresh-16k": 16_384}  # vocabularies of the family
PAGE = Path("report/report.html")


def fresh_tokenizers() -> list[Tokenizer]:
    """Tokenizers of three sizes trained on the even articles of all translations.

    Three, so that the law of vocabulary size can be fitted and shows what each language would need.
    """
    from tokenworks.tokenizer import Tokenizer
    from tokenworks.training.source import TextSource

    texts = [article for one in declarations() for article in one.articles[1::2]]
    found = []
    for name, size in FRESH.items():
        trained = train(TextSource.of_texts(texts), vocab_size=size)
        found.append(Tokenizer.from_definition(replace(trained.tokenizer.definition, name=name)))
    return found


def odd_articles() -> Corpus:
    """The articles that the fresh tokenizer has not seen."""
    texts = [replace(one, articles=one.articles[0::2]) for one in declarations()]
    corpus = declaration_corpus(texts)
    return replace(
        corpus,
        title=f"half of the Universal Declaration of Human Rights in {len(texts)} languages",
        note="These are the odd articles; the fresh tokenizers were trained on the even ones a moment "
        "before, so that they know the kind of text and not the text itself.",
    )


def main(page: Path = PAGE) -> int:
    """Train, compare, print the ranking and write the report with what lies beside it.

    Raises:
        WriteError: the folder cannot be written.
    """
    from rich.console import Console

    from tokenworks.report import chart_files, compare_files, compare_table

    began = time.perf_counter()
    console = Console() if sys.stdout.isatty() else Console(width=140, color_system=None)
    names = ", ".join(FRESH)
    console.print(f"Training {names} on the even articles of the declaration", highlight=False)
    tokenizers: list[str | Tokenizer] = [*TOKENIZERS, *fresh_tokenizers()]
    console.print(f"Comparing {len(tokenizers)} tokenizers on the odd ones\n", highlight=False)
    found = compare(tokenizers, odd_articles(), context=8192, offline=True)
    console.print(compare_table.ranking(found), highlight=False, markup=False)
    compare_files.write(found, page, command=["make", "demo"])
    charts = chart_files.write_svg(found, page.parent / "charts")
    console.print(
        f"\n{time.perf_counter() - began:.0f} s in all, {found.encoding_seconds:.1f} s of it encoding."
        f"\nThe report is in {page}, {len(charts)} charts as SVG in {page.parent / 'charts'}",
        highlight=False,
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
