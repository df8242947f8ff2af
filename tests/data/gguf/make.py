"""Makes the small GGUF files of this folder from the small models beside it.

`PYTHONPATH=src python tests/data/gguf/make.py`; a test holds that reading and writing them gives the
same bytes.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from tokenworks import Tokenizer
from tokenworks.tokenizer.definition import AddedToken, Bpe, Definition, Origin
from tokenworks.tokenizer.writers.write import render

HERE = Path(__file__).parent
SIZE = 400


def first_tokens(definition: Definition) -> Definition:
    """GPT-2 cut down to its first tokens."""
    model = definition.model
    assert isinstance(model, Bpe)
    kept = np.flatnonzero(model.ids < SIZE)
    place = {int(old): new for new, old in enumerate(kept)}
    pieces = tuple(model.pieces[old] for old in kept.tolist())
    merges = [
        (place[left], place[right])
        for left, right in model.merges.tolist()
        if left in place and right in place and model.pieces[left] + model.pieces[right] in pieces
    ]
    return replace(
        definition,
        model=replace(
            model, pieces=pieces, ids=model.ids[kept], merges=np.array(merges, np.uint32)
        ),
        added=(AddedToken(SIZE, "<|endoftext|>"),),
        eos_id=SIZE,
        origin=Origin("trained"),
    )


def main() -> None:
    models = HERE.parent / "sentencepiece"
    definitions = {
        "llama": Tokenizer.load(models / "bpe-unused-equal-scores.model").definition,
        "t5": Tokenizer.load(models / "unigram-rules.model").definition,
        "gpt2": first_tokens(Tokenizer.load("gpt2").definition),
    }
    for name, definition in definitions.items():
        (HERE / f"{name}.gguf").write_bytes(render(definition, "gguf")[""])


if __name__ == "__main__":
    main()
