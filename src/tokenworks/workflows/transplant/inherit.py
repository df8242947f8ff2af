"""A model on a vocabulary that was cut out of its own: every row is one of its rows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tokenworks.errors import OptionError
from tokenworks.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings
from tokenworks.transplant.initialization import Report, compose
from tokenworks.transplant.matching import inherited_match
from tokenworks.workflows.transplant.carry_out import Order, carry_out
from tokenworks.workflows.transplant.material import read_texts
from tokenworks.workflows.transplant.result import TransplantResult
from tokenworks.workflows.transplant.subject import subject


def inherit(
    model: str | os.PathLike[str],
    old: Tokenizer,
    new: Tokenizer,
    new_ids: NDArray[np.int64],
    *,
    out: str | os.PathLike[str],
    on: Sequence[str] = (),
    field: str = "text",
    score: bool = True,
    seed: int = 0,
    offline: bool = False,
    overwrite: bool = False,
    told: Callable[[str, int, int], None] = lambda what, done, of: None,
    command: list[str] | None = None,
) -> TransplantResult:
    """Write a model whose vocabulary was pruned; its rows are those of the tokens that stay.

    Args:
        model: a folder with safetensors.
        old: its tokenizer.
        new: the pruned one.
        new_ids: int64 [old ids], the new id of each old one, or -1.
        out: the folder to write.
        on: text to score both models on.
        field, score, seed, offline, overwrite, told, command: as for `transplant`.

    Raises:
        FormatError, UnsupportedError, OptionError, WriteError: as `transplant`.
    """
    begun = time.perf_counter()
    one = subject(model, tokenizer=old, offline=offline)
    if Path(out).resolve() == one.folder.resolve():
        raise OptionError(f"{out} is the model itself; name another folder")
    matched = inherited_match(old, new, new_ids, one.rows)
    shards = [[file.name, file.stat().st_size] for file in one.weights.files]
    order = Order(
        one=one,
        new=new,
        out=Path(out),
        plan={"model": [str(one.folder.resolve()), shards], "tokenizer": new.sha256},
        method="prune",
        options={},
        donor=None,
        texts=read_texts(list(map(str, on)), field),
        score=score,
        heal=0,
        heal_all=False,
        seed=seed,
        overwrite=overwrite,
        told=told,
        command=command,
        begun=begun,
    )

    def make(work: Path) -> tuple[Embeddings, Report]:
        return compose(matched, one.embeddings())

    return carry_out(order, make)
