"""Generation with a large dynamic vocabulary: tokens, bits per byte, and the time of a step by an index.

    python benchmarks/dynamic_vocabulary.py MODEL TEXT HELD_OUT [--add 100000] [--methods fvt ...]
        [--scored 20000] [--searched 250] [--large 1000000]

The model's tokenizer is extended by `--add` tokens of TEXT, their rows are made by each method, and
HELD_OUT is scored with the whole softmax; beside it how often the index finds the best token, and how
much of the probability lies on the tokens that it finds, and on as many that are truly the best. Then
the time of one step's output layer with and without the index, also for `--large` random rows of the
same width (0 leaves that out).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tokenworks.lm.loading import load
from tokenworks.registry import resolve
from tokenworks.transplant.dynamic_generation import DynamicModel
from tokenworks.transplant.dynamic_vocabulary import dynamic_vocabulary
from tokenworks.transplant.embeddings import Embeddings, Held, whole
from tokenworks.transplant.initialization import Given
from tokenworks.transplant.matching import token_ids
from tokenworks.workflows.extend import extend

WINDOW = 192  # tokens read together
STEPS = 100  # timed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("text")
    parser.add_argument("held_out", type=Path)
    parser.add_argument("--add", type=int, default=100_000)
    parser.add_argument("--methods", nargs="*", default=["fvt"])
    parser.add_argument("--option", nargs="*", default=[], help="of the methods: variant=weighted")
    parser.add_argument("--scored", type=int, default=20_000)
    parser.add_argument("--searched", type=int, default=250)
    parser.add_argument("--large", type=int, default=1_000_000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = load(arguments.model)
    text = arguments.held_out.read_text("utf-8")[::1][20_000:][: arguments.scored]
    size = len(text.encode())
    larger = extend(model.tokenizer, arguments.text, arguments.add).tokenizer
    before, after = (one.encode(text, specials="text") for one in (model.tokenizer, larger))
    new = np.mean(after >= model.tokenizer.max_id_plus_one)
    print(
        f"{model.tokenizer.n_tokens:,} tokens extended to {larger.n_tokens:,}: {len(before):,} tokens "
        f"become {len(after):,} ({100 * (1 - len(after) / len(before)):.1f} % fewer), {new:.1%} new ones"
    )
    own = model.score([text]).bits_per_byte
    print(f"bits per byte of the model as it is: {own:.3f}")
    rows = Embeddings(
        Held(model.input_embeddings.numpy()),
        None if model.tied else Held(model.output_embeddings.numpy()),
    )
    options = dict(one.split("=") for one in arguments.option)
    print(
        "| rows | bits per byte | same best token | probability found | of the true best as many |"
    )
    print("|---|---|---|---|---|")
    for method in arguments.methods:
        made, _ = resolve(method, "transplant")(model.tokenizer, larger, rows, Given(), **options)
        given, output = whole(made.input), whole(made.output or made.input)
        head = dynamic_vocabulary(
            Held(output),
            tokens=token_ids(larger),
            always=[model.start[0]] if model.start else [],
            searched=arguments.searched,
        )
        dynamic = DynamicModel(model, larger, Held(given), head)
        print(
            f"| `{method}` | {scored(dynamic, after.astype(np.int64), output, size)} |", flush=True
        )
        print(f"generated: {dynamic.generate(text[:400], tokens=20)!r}", flush=True)
        timed(output, arguments.searched)
    if arguments.large:
        draw = np.random.default_rng(0)
        # Rows in clusters, as trained ones are: without them no index could tell leaves apart.
        centres = draw.standard_normal((5000, output.shape[1]), np.float32)
        large = np.empty((arguments.large, output.shape[1]), np.float32)
        for start in range(0, len(large), 50_000):
            part = large[start : start + 50_000]
            part[:] = centres[draw.integers(0, 5000, len(part))]
            part += 0.7 * draw.standard_normal(part.shape, np.float32)
        timed(large, arguments.searched)


def scored(dynamic: DynamicModel, ids: Any, output: Any, size: int) -> str:
    """Cells of the table: bits of the whole softmax, and what the index finds of it."""
    bits = 0.0
    found = same = best = 0
    start = np.array(dynamic.model.start, np.int64)
    for begin in range(0, len(ids), WINDOW):
        window = ids[begin : begin + WINDOW]
        states, _ = dynamic.states(np.concatenate([start, window])[: len(window)])
        logits = (states @ output.T).astype(np.float64)
        most = logits.max(axis=1, keepdims=True)
        chances = np.exp(logits - most)
        chances /= chances.sum(axis=1, keepdims=True)
        places = np.arange(len(window))
        bits -= np.log2(chances[places, window]).sum()
        near = dynamic.head.log_probs(states)[0]
        same += int((near[:, 0] == logits.argmax(axis=1)).sum())
        found += sum(row[one[one >= 0]].sum() for row, one in zip(chances, near, strict=True))
        k = near.shape[1]
        best += sum(np.sort(row)[-k:].sum() for row in chances)
    return f"{bits / size:.3f} | {same / len(ids):.1%} | {found / len(ids):.1%} | {best / len(ids):.1%}"


def timed(output: Any, searched: int) -> None:
    """One step of the output layer over all rows, and over those that the index looks at."""
    began = time.perf_counter()
    head = dynamic_vocabulary(Held(output), searched=searched)
    built = time.perf_counter() - began
    draw = np.random.default_rng(1)
    states = (
        output[draw.integers(0, len(output), STEPS)]
        + 0.5 * draw.standard_normal((STEPS, output.shape[1]), np.float32) * output.std()
    )
    took: list[list[float]] = [[], []]
    same = 0
    for state in states:
        began = time.perf_counter()
        logits = output @ state
        logits -= logits.max()
        np.exp(logits, out=logits)
        best = int((logits / logits.sum()).argmax())
        between = time.perf_counter()
        same += int(head.log_probs(state[None])[0][0, 0] == best)
        took[0].append(between - began)
        took[1].append(time.perf_counter() - between)
    whole_softmax, by_index = (1000 * float(np.median(one)) for one in took)
    print(
        f"{len(output):,} rows: {whole_softmax:.2f} ms a step with all, {by_index:.2f} ms with the index "
        f"({same} of {STEPS} times the same best token), built in {built:.1f} s",
        flush=True,
    )


if __name__ == "__main__":
    main()
