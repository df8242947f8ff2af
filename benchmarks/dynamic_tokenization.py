"""Dynamic tokenization of the context: how much shorter, and what it costs the text that follows.

    python benchmarks/dynamic_tokenization.py MODEL TEXT [--context 160] [--follow 64] [--windows 32]
        [--batch 8] [--boundary word]

The text is cut into windows of context and continuation. The context is tokenized dynamically at several
numbers of merges per batch and read through its rows (means of base rows); the continuation keeps the base
tokens and is scored. Beside it stand the plain context (no merges) and none at all.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tokenworks.lm.loading import load
from tokenworks.transplant.dynamic_tokenization import DynamicEmbeddings, dynamic_tokenization
from tokenworks.transplant.embeddings import Held


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("text", type=Path)
    for name, value in (("context", 160), ("follow", 64), ("windows", 32), ("batch", 8)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--boundary", default="word")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = load(arguments.model)
    ids = model.tokenizer.encode(arguments.text.read_text("utf-8"), specials="text")
    length = arguments.context + arguments.follow
    windows = [ids[at * length : (at + 1) * length] for at in range(arguments.windows)]
    windows = [one for one in windows if len(one) == length]
    if not windows:
        raise SystemExit(f"the text has {len(ids)} tokens; a window needs {length}")
    contexts = [one[: arguments.context] for one in windows]
    rows = DynamicEmbeddings(Held(model.input_embeddings.float().numpy()))
    size = sum(len(model.tokenizer.decode_bytes(one[arguments.context :])) for one in windows)
    groups = [
        contexts[at : at + arguments.batch] for at in range(0, len(contexts), arguments.batch)
    ]
    print(f"{len(windows)} windows, {size:,} bytes scored, batches of {arguments.batch}")
    print("| merges per batch | context tokens | shorter | bits per byte of what follows |")
    print("|---|---|---|---|")
    nothing = [[] for _ in windows]
    print(f"| (no context) | 0 | | {cost(model, rows, nothing, windows, arguments) / size:.4f} |")
    for merges in (0, 32, 128, 256, 512, None):
        found = [
            one
            for group in groups
            for one in dynamic_tokenization(
                group, model.tokenizer, merges=merges, boundary=arguments.boundary
            )
        ]
        tokens = sum(map(len, found))
        bits = cost(model, rows, found, windows, arguments) / size
        shorter = 100 * (1 - tokens / (len(windows) * arguments.context))
        label = "all" if merges is None else merges
        print(f"| {label} | {tokens:,} | {shorter:.1f} % | {bits:.4f} |", flush=True)


def cost(model: Any, rows: DynamicEmbeddings, contexts: Any, windows: Any, arguments: Any) -> float:
    """Bits of all continuations after these contexts."""
    total = 0.0
    for context, window in zip(contexts, windows, strict=True):
        follow = window[arguments.context :].astype(np.int64)
        start = [(number,) for number in model.start]
        vectors = rows.vectors([*start, *context, *((int(number),) for number in follow[:-1])])
        with torch.no_grad():
            given = torch.from_numpy(vectors)[None]
            logits = model.model(inputs_embeds=given, use_cache=False).logits[0].float()
        logs = torch.log_softmax(logits[-len(follow) :], -1)
        total -= float(logs[torch.arange(len(follow)), torch.from_numpy(follow)].sum())
    return total / float(np.log(2))


if __name__ == "__main__":
    main()
