"""Vocabulary compression of a tiny model: rows that go, tokens that are added, and bits per byte.

    python benchmarks/vocabulary_compression.py MODEL TEXT HELD_OUT [--coverage 0.9 0.95 0.98 0.99]
        [--scored 40000]

TEXT says what is frequent, HELD_OUT is scored. Rows are inherited; nothing is trained.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from tokenworks.lm.loading import load
from tokenworks.lm.model import LanguageModel
from tokenworks.transplant.embeddings import Embeddings, Held, whole
from tokenworks.transplant.initialization import Given
from tokenworks.transplant.vocabulary_compression import vocabulary_compression


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("text", type=Path)
    parser.add_argument("held_out", type=Path)
    parser.add_argument("--coverage", type=float, nargs="*", default=[0.9, 0.95, 0.98, 0.99])
    parser.add_argument("--scored", type=int, default=40_000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    texts = [arguments.held_out.read_text("utf-8")[20_000:][: arguments.scored]]
    given = Given(texts=(arguments.text.read_text("utf-8"),))
    model = load(arguments.model)
    before = model.score(texts)
    print("| coverage | tokens | parameters | tokens of the text | bits per byte |")
    print("|---|---|---|---|---|")
    print(
        f"| (the model) | {model.tokenizer.n_tokens:,} | {model.parameters:,} | {len(before.ids):,} | "
        f"{before.bits_per_byte:.3f} |",
        flush=True,
    )
    for coverage in arguments.coverage:
        model = load(arguments.model)
        rows = Embeddings(
            Held(model.input_embeddings.numpy()),
            None if model.tied else Held(model.output_embeddings.numpy()),
        )
        made, tokenizer = vocabulary_compression(rows, model.tokenizer, given, coverage=coverage)
        smaller = with_rows(model, made, tokenizer)
        after = smaller.score(texts)
        print(
            f"| {coverage:.0%} | {tokenizer.n_tokens:,} | {smaller.parameters:,} | {len(after.ids):,} | "
            f"{after.bits_per_byte:.3f} |",
            flush=True,
        )


def with_rows(model: LanguageModel, made: Embeddings, tokenizer: object) -> LanguageModel:
    """The model with other token matrices."""
    module = model.model
    module.resize_token_embeddings(made.input.rows)
    with torch.no_grad():
        module.get_input_embeddings().weight.copy_(torch.from_numpy(whole(made.input)))
        if made.output is not None:
            module.get_output_embeddings().weight.copy_(torch.from_numpy(whole(made.output)))
    return LanguageModel(module, tokenizer, name=model.name)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
