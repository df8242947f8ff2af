"""A hypernetwork beside the heuristics, on tokenizers that it has never seen: bits per byte at once.

    python benchmarks/transplant_hypernetwork.py MODEL --hypernetwork [NAME=]NETWORK ... --held-out TEXT
        --given TEXT --onto [NAME=]TOKENIZER ... [--methods fvt ...] [--scored 20000]

`--held-out` is scored, 700 characters at a time, taken evenly from its files; `--given` is what methods
learn from. The last lines say what tokens of both vocabularies and new ones cost, by network and by `fvt`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from tokenworks.lm.loading import load
from tokenworks.lm.scores import Scores
from tokenworks.tokenizer import Tokenizer
from tokenworks.transplant.matching import match
from tokenworks.workflows.transplant import transplant

METHODS = ("mean", "fvt", "fvt:weighted", "focus", "token-adapt")
CHUNK = 700


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--hypernetwork", nargs="+", required=True, metavar="[NAME=]NETWORK")
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--given", required=True)
    parser.add_argument("--onto", nargs="+", required=True, metavar="[NAME=]TOKENIZER")
    parser.add_argument("--methods", nargs="*", default=list(METHODS))
    parser.add_argument("--scored", type=int, default=20_000)
    given = parser.parse_args()
    chosen = passages(given.held_out, given.scored)
    before = load(given.model)
    scored = before.score(chosen)
    targets = [named(one) for one in given.onto]
    print(f"{sum(map(len, chosen)):,} characters; before: {scored.bits_per_byte:.3f} bits per byte")
    for name, path in targets:
        new = Tokenizer.load(path)
        found = match(before.tokenizer, new, before.rows)
        many = sum(len(new.encode(text, specials="text")) for text in chosen)
        saved = 1 - many / len(scored.ids)
        fresh = np.isin(new.encode("\n".join(chosen), specials="text"), found.targets).mean()
        print(
            f"{name}: {new.n_tokens:,} tokens, {len(found.targets):,} of them new, "
            f"{100 * fresh:.1f} % of the text's; {100 * saved:.1f} % fewer tokens"
        )
    print(f"\n| method | {' | '.join(name for name, _ in targets)} | time |")
    print("|---" * (len(targets) + 2) + "|", flush=True)
    networks = [
        ("zett " + name if name else "zett", path)
        for name, path in map(network, given.hypernetwork)
    ]
    costs: dict[tuple[str, str], str] = {}
    for label in [*given.methods, *(name for name, _ in networks)]:
        cells = []
        begun = time.perf_counter()
        for name, path in targets:
            found_scores, fresh_ids = run(given, label, dict(networks).get(label), path, chosen)
            cells.append(f"{found_scores.bits_per_byte:.3f}")
            costs[label, name] = per_token(found_scores, fresh_ids)
        print(
            f"| {label} | {' | '.join(cells)} | {time.perf_counter() - begun:.0f} s |", flush=True
        )
    print()
    for name, _ in targets:
        for label in ("fvt", *(name for name, _ in networks)):
            if (label, name) in costs:
                print(f"{name}, {label}: {costs[label, name]}")


def run(
    given: argparse.Namespace, label: str, network: str | None, tokenizer: str, chosen: list[str]
) -> tuple[Scores, np.ndarray]:
    """One transplant, scored; and the ids of the new tokens."""
    method, _, variant = label.partition(":")
    options = {"variant": variant} if variant else {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        transplant(
            given.model,
            tokenizer,
            out=out,
            method="zett" if network else method,
            hypernetwork=network,
            on=[given.given],
            options=options,
            score=False,
        )
        model = load(out)
        old = (
            Tokenizer.load(given.model)
            if Path(given.model).exists()
            else load(given.model).tokenizer
        )
        return model.score(chosen), match(old, model.tokenizer, old.max_id_plus_one).targets


def per_token(scores: Scores, fresh: np.ndarray) -> str:
    new = np.isin(scores.ids, fresh)
    bits = scores.nats / np.log(2)
    shared = f"a shared token costs {bits[~new].mean():.2f} bits"
    return f"{shared}, a new one {bits[new].mean():.2f}" if new.any() else shared


def passages(folder: Path, characters: int) -> list[str]:
    """Stretches of 700 characters, as many of each file."""
    files = sorted(folder.rglob("*.txt")) if folder.is_dir() else [folder]
    each = max(1, characters // CHUNK // len(files))
    found = []
    for file in files:
        text = file.read_text("utf-8-sig", "replace")
        step = max(CHUNK, (len(text) - CHUNK) // each)
        found += [text[at : at + CHUNK] for at in range(step // 2, len(text) - CHUNK, step)][:each]
    return found


def named(given: str) -> tuple[str, str]:
    name, equals, path = given.partition("=")
    return (name, path) if equals else (Path(given).name, given)


def network(given: str) -> tuple[str, str]:
    name, equals, path = given.partition("=")
    return (name, path) if equals else ("", given)


if __name__ == "__main__":
    main()
