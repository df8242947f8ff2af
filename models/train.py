"""Train the reference models, measure them beside xz and n-grams, and lay them into the wheel.

    python models/train.py NOVELS MULTI WORK [--only NAME] [--steps N] [--hypernetwork] [--publish]

NOVELS is the folder of the hundred novels, MULTI the text with the poems, WORK a folder for texts,
tokenizers, checkpoints and logs. Interrupted, the same call goes on where it ended; with fewer --steps
it cools a run down early. --hypernetwork trains that of a finished model (see hypernetworks.py). --publish
measures what is finished on the held-out text and writes it in bfloat16 to src/tokenworks_models/data, each
with a card.json and the log of its losses; `pip wheel models` then makes the wheel.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import baselines
import hypernetworks
import texts

import tokenworks as tw
from tokenworks.files import MANIFEST, atomic_folder, write_json
from tokenworks.lm.run_log import Moment
from tokenworks.lm.token_file import read_tokens
from tokenworks.workflows.lm_train import lm_train

DATA = Path(__file__).resolve().parent / "src" / "tokenworks_models" / "data"
LIMIT = 40_000_000  # bytes of the wheel's models
SEPARATOR = "<|endoftext|>"


@dataclass(frozen=True, slots=True)
class Reference:
    """A model to train. text: a folder of WORK/text. tokenizer: a folder of WORK."""

    text: str
    tokenizer: str
    size: str
    steps: int
    batch: int = 16
    length: int = 256


TOKENIZERS = {  # folder -> text, tokens, pattern
    "tok-8192": ("english", 8192, "gpt2"),
    "tok-4096": ("english", 4096, "cl100k"),
    "tok-bytes": ("english", 257, "gpt2"),
    "tok-english-chinese": ("english-chinese", 8192, "gpt2"),
}
REFERENCES = {
    "english-6m": Reference("english", "tok-8192", "llama-6m", 1250),
    "english-4k-3m": Reference("english", "tok-4096", "llama-3m", 1000),
    "english-bytes-3m": Reference("english", "tok-bytes", "llama-7x192", 700, 8, 512),
    "english-chinese-3m": Reference("english-chinese", "tok-english-chinese", "llama-3m", 700),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("novels", type=Path)
    parser.add_argument("multi", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--only", choices=REFERENCES)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--hypernetwork", action="store_true")
    parser.add_argument("--publish", action="store_true")
    given = parser.parse_args()
    prepare(given.novels, given.multi, given.work)
    for name in [given.only] if given.only else REFERENCES:
        if given.publish:
            if (given.work / name).is_dir() and not given.hypernetwork:
                publish(given.work, name)
            if (given.work / f"{name}-{hypernetworks.HYPERNETWORK}").is_dir():
                hypernetworks.publish(given.work, name, DATA / name)
        elif not given.hypernetwork:
            train(given.work, name, given.steps)
        elif name in hypernetworks.HYPERNETWORKS:
            hypernetworks.train(given.work, name, given.steps)
    if given.publish:
        size = sum(path.stat().st_size for path in DATA.rglob("*") if path.is_file())
        print(f"{DATA}: {size / 1e6:.1f} MB")
        if size > LIMIT:
            sys.exit(f"more than {LIMIT / 1e6:.0f} MB")


def prepare(novels: Path, multi: Path, work: Path) -> None:
    """Texts and tokenizers, where they are not there."""
    where = work / "text"
    english, chinese = where / "english", where / "chinese"
    if not english.exists():
        texts.write_english(novels, english, where / "english-held-out")
    if not chinese.exists():
        texts.write_chinese(multi, chinese, where / "chinese-held-out")
    if not (where / "english-chinese").exists():
        texts.write_both(english, chinese, where / "english-chinese")
    for folder, (text, size, pattern) in TOKENIZERS.items():
        if not (work / folder).exists():
            options: dict[str, Any] = {"pattern": pattern, "special": (SEPARATOR,)}
            tw.train(where / text, vocab_size=size, **options).save(work / folder, seed=0)


def train(work: Path, name: str, steps: int | None) -> None:
    """Train one model, or go on with it."""
    reference = REFERENCES[name]
    trained = lm_train(
        work / "text" / reference.text,
        work / name,
        tokenizer=work / reference.tokenizer,
        size_name=reference.size,
        steps=steps or reference.steps,
        batch=reference.batch,
        length=reference.length,
        every=60,
        on_moment=lambda moment: _say(name, moment),
    )
    print(f"{name}: {trained.to_json()}", flush=True)


def _say(name: str, moment: Moment) -> None:
    print(
        f"{name} step {moment.step}/{moment.steps} loss {moment.loss:.4f} "
        f"{moment.bits_per_byte:.4f} bits/byte {moment.tokens_per_second:.0f} tokens/s",
        flush=True,
    )


def publish(work: Path, name: str) -> None:
    """Write a finished model in bfloat16, with what it scores as trained and as shipped."""
    import torch

    reference = REFERENCES[name]
    as_trained = tw.lm.load(work / name)
    samples = _samples(work, reference)
    with atomic_folder(DATA / name, overwrite=True) as beside:
        for file in (work / name).iterdir():
            if file.suffix != ".safetensors" and file.name != MANIFEST:
                shutil.copy(file, beside)
        as_trained.model.to(torch.bfloat16).save_pretrained(beside)
        (beside / "model.safetensors").chmod(0o644)  # for everyone who installs the wheel
        shipped = tw.lm.load(beside)
        held_out: dict[str, Any] = {}
        for language, sample in samples:
            trained = tw.lm.load(work / name).score(sample)
            ours = shipped.score(sample)
            held_out[language] = {
                "bytes": int(ours.bytes.sum()),
                "bits_per_byte": round(ours.bits_per_byte, 4),
                "bits_per_byte_in_float32": round(trained.bits_per_byte, 4),
                "nats_per_token": round(float(ours.nats.mean()), 4),
                **{key: round(value, 4) for key, value in _beside(work, name, language).items()},
            }
            print(name, language, held_out[language], flush=True)
        card = {
            "name": name,
            "parameters": as_trained.parameters,
            "tokens": as_trained.tokenizer.n_tokens,
            "held_out": held_out,
            "training": json.loads((work / name / MANIFEST).read_text("utf-8"))["training"],
            "text": "public-domain English novels"
            + (", and Chinese poems of the Song dynasty" if reference.text != "english" else ""),
            "licence": "Apache-2.0; the text is in the public domain",
        }
        write_json(beside / "card.json", card)
        _write_log(work / f"{name}.training" / "log.jsonl", beside / "log.jsonl")


def _samples(work: Path, reference: Reference) -> list[tuple[str, list[str]]]:
    languages = ["english", "chinese"] if reference.text == "english-chinese" else ["english"]
    return [(one, texts.sample(work / "text" / f"{one}-held-out")) for one in languages]


def _beside(work: Path, name: str, language: str) -> dict[str, float]:
    """xz and n-grams over the text and the tokenizer of this model."""
    reference = REFERENCES[name]
    sample = dict(_samples(work, reference))[language]
    folder = work / "text" / reference.text
    tokenizer = tw.Tokenizer.load(work / reference.tokenizer)

    def of_tokens() -> dict[str, float]:
        file = read_tokens(work / f"{name}.training" / "tokens.bin", tokenizer)
        assert file is not None, f"{name} has no token file"
        return baselines.of_tokens(sample, file, tokenizer)

    first = work / f"baselines-{reference.text}-{language}.json"
    second = work / f"baselines-{reference.tokenizer}-{reference.text}-{language}.json"
    return {
        **baselines.kept(first, lambda: baselines.of_bytes(folder, sample)),
        **baselines.kept(second, of_tokens),
    }


def _write_log(source: Path, target: Path) -> None:
    """The losses of a run, every tenth step and the last."""
    lines = source.read_text("utf-8").splitlines(keepends=True)
    chosen = [line for number, line in enumerate(lines, 1) if number % 10 == 0]
    target.write_text("".join(chosen if len(lines) % 10 == 0 else [*chosen, lines[-1]]), "utf-8")


if __name__ == "__main__":
    main()
