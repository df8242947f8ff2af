"""The targets of `benchmarks/transplant.py`: texts, tokenizers, and small models that have them.

    another      the tokenizer of the reference model english-4k-3m, which is the donor of `omp`
    superwords   8,192 tokens, learned by superbpe from the novels that the model was trained on
    German       4,096 tokens, learned from translated news; the lines are paired with English ones

Texts are those of the reference models (`models/texts.py` splits them): methods are given and healing
trains on a slice of every novel of the training part, scored are novels that no model has seen. Of the
German lines the last tenth is held out. Donors for the last two are trained here for a few minutes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tokenworks as tw
from tokenworks.lm.run_log import Moment
from tokenworks.workflows.lm_train import lm_train

SLICE = 45_000  # bytes of each novel that methods are given
SCORED = 6_000  # characters of each held-out text
DONOR = {"size_name": "llama-3m", "batch": 16, "length": 256}


@dataclass(frozen=True, slots=True)
class Target:
    """A vocabulary to move onto.

    text: what methods are given. scored: texts that are not in it. donor: a model with the vocabulary.
    parallel: files of translated lines, English and the new language.
    """

    name: str
    tokenizer: str
    text: str
    scored: tuple[str, ...]
    donor: str
    parallel: tuple[str, str] | None = None


def targets(
    work: Path, texts: Path, pair: tuple[Path, Path], another: str, steps: int
) -> list[Target]:
    """Make what is not in `work` yet.

    Args:
        work: for tokenizers, texts and donors.
        texts: the folder text/ that `models/train.py` made.
        pair: files of translated lines, English and German.
        another: a model of the same text with another tokenizer.
        steps: that donors are trained for.
    """
    work.mkdir(parents=True, exist_ok=True)
    novels = work / "novels.txt"
    if not novels.exists():
        parts = [
            path.read_bytes()[20_000:][:SLICE] for path in sorted((texts / "english").glob("*"))
        ]
        novels.write_text("\n".join(part.decode("utf-8", "ignore") for part in parts), "utf-8")
    unseen = [
        path.read_text("utf-8-sig", "ignore")[20_000:][:SCORED]
        for path in sorted((texts / "english-held-out").glob("*"))
    ]
    lines = [path.read_text("utf-8").splitlines() for path in pair]
    cut = len(lines[1]) * 9 // 10
    parallel = (work / "english-lines.txt", work / "german-lines.txt")
    for path, side in zip(parallel, lines, strict=True):
        if not path.exists():
            path.write_text("\n".join(side[:cut]) + "\n", "utf-8")
    german = ("\n".join(lines[1][cut:])[: 4 * SCORED],)
    superwords, small = work / "superwords", work / "german"
    if not superwords.exists():
        options: dict[str, Any] = {"special": ("<|endoftext|>",)}
        tw.train(texts / "english", algorithm="superbpe", vocab_size=8192, **options).save(
            superwords
        )
    if not small.exists():
        tw.train(parallel[1], vocab_size=4096, special=("<|endoftext|>",)).save(small)
    return [
        Target("another", another, str(novels), tuple(unseen), another),
        Target(
            "superwords",
            str(superwords),
            str(novels),
            tuple(unseen),
            donor(work / "superwords-donor", texts / "english", superwords, steps),
        ),
        Target(
            "German",
            str(small),
            str(parallel[1]),
            german,
            donor(work / "german-donor", parallel[1], small, steps),
            (str(parallel[0]), str(parallel[1])),
        ),
    ]


def donor(folder: Path, text: Path, tokenizer: Path, steps: int) -> str:
    """A model with this tokenizer, trained for some steps; goes on where it was interrupted."""
    if not folder.exists():
        say = lambda moment: print(_line(folder.name, moment), flush=True)  # noqa: E731
        lm_train(text, folder, tokenizer=tokenizer, steps=steps, on_moment=say, **DONOR)
    return str(folder)


def _line(name: str, moment: Moment) -> str:
    return f"{name} step {moment.step}/{moment.steps} loss {moment.loss:.3f}"
