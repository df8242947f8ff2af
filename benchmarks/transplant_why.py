"""Which half of a start costs what: the input rows of one initializer with the output rows of another.

    python benchmarks/transplant_why.py MODEL TOKENIZER TEXT [--methods zero mean fvt] [--donor D]
        [--scored 6000]

A tied model is taken apart for this: its new rows are made by one method for reading and by another for
predicting. The cost of the text is split into that of tokens that both vocabularies share and that of new
ones, with the chance that the model gives to all new tokens together where a shared one follows.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import torch

from tokenworks.lm.loading import load
from tokenworks.registry import resolve
from tokenworks.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import whole
from tokenworks.transplant.initialization import Given
from tokenworks.workflows.transplant.material import read_texts
from tokenworks.workflows.transplant.subject import subject

WINDOW = 192  # tokens read together, within the length that small models were trained at


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("tokenizer")
    parser.add_argument("text")
    parser.add_argument("--methods", nargs="*", default=["zero", "mean", "fvt"])
    parser.add_argument("--donor")
    parser.add_argument("--scored", type=int, default=6000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    one = subject(arguments.model)
    new = Tokenizer.load(arguments.tokenizer)
    texts = read_texts([arguments.text])
    text = " ".join(texts.scored)[: arguments.scored]
    donor = None if arguments.donor is None else subject(arguments.donor).embeddings()
    given = Given(texts=texts.given, donor=donor)
    made = {}
    for method in arguments.methods:
        found, report = resolve(method, "transplant")(one.tokenizer, new, one.embeddings(), given)
        made[method] = [
            torch.from_numpy(whole(rows)) for rows in (found.input, found.output or found.input)
        ]
        match = report.match
    model = load(arguments.model).model
    ids = new.encode(text, specials="text").astype(np.int64)
    size = len(text.encode())
    is_new = np.ones(match.rows, bool)
    is_new[match.source >= 0] = False
    print(f"{size:,} bytes, {len(ids):,} tokens, {is_new[ids].mean():.1%} of them new")
    print(
        "| input rows | output rows | bits per byte | of shared tokens | of new tokens | chance of new |"
    )
    print("|---|---|---|---|---|---|")
    for reading in arguments.methods:
        for predicting in arguments.methods:
            logs = run(model, ids, made[reading][0], made[predicting][1])
            cost = -logs[np.arange(len(ids) - 1), ids[1:]] / np.log(2)
            follows = is_new[ids[1:]]
            chance = np.exp(logs[~follows][:, is_new]).sum(axis=1).mean()
            shared, made_new = cost[~follows].mean(), cost[follows].mean()
            print(
                f"| {reading} | {predicting} | {cost.sum() / size:.3f} | {shared:.2f} bits | "
                f"{made_new:.2f} bits | {chance:.1%} |",
                flush=True,
            )


def run(model: Any, ids: Any, given: torch.Tensor, output: torch.Tensor) -> Any:
    """Log-probabilities of every next token, float32 [n - 1, rows]."""
    parts = []
    with torch.no_grad():
        for start in range(0, len(ids) - 1, WINDOW):
            window = torch.from_numpy(ids[start : start + WINDOW])
            hidden = model.model(
                inputs_embeds=given[window][None], use_cache=False
            ).last_hidden_state
            parts.append(torch.log_softmax(hidden[0] @ output.T, -1).numpy())
    return np.concatenate(parts)[: len(ids) - 1]


if __name__ == "__main__":
    main()
