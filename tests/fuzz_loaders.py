"""Fuzz the readers: mutate small tokenizer files and load what comes out.

The files are those of `tests/data`, and a small embedded tokenizer as the writers write it.

usage: python tests/fuzz_loaders.py [--seconds N] [--seed N]

A damaged file must load or raise a `TokenworksError`, within seconds and a bounded memory. What
loads must encode and decode. The first file that does otherwise is kept and named; exit code 1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

from tokenworks import Tokenizer
from tokenworks.errors import TokenworksError, TokenworksWarning, UnsupportedError

DATA = Path(__file__).parent / "data"
SUFFIXES = {".json", ".model", ".tiktoken", ".gguf", ".txt"}
LARGEST_SEED = 200_000
SLOWEST = 20.0  # seconds for one file: damage must not make a reader run for ever
MEMORY = 6 << 30
TEXTS = ("", "Hello  world\n", "naïve \u0928\u092e\u0938\u094d\u0924\u0947 \U0001f469", "\x00<s>")
VALUES: list[object] = [None, True, -1, 0, 1 << 40, 1e308, "", "\ud800", "x" * 1000, [], {}, [[]]]


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(out) + 1)
        kind = rng.randrange(5)
        if kind == 0:
            out[at:at] = rng.randbytes(rng.choice((1, 2, 8)))
        elif kind == 1 and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 2:
            del out[at : at + rng.choice((1, 8, 100, len(out)))]
        elif kind == 3:
            length = rng.choice((1, 8, 100))
            out[at:at] = out[at : at + length] * rng.choice((1, 2, 50))
        elif at < len(out):
            out[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f"))
    return bytes(out)


def mutate_json(value: object, rng: random.Random) -> object:
    """Change one place of a JSON value, any depth."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        kind = rng.random()
        if kind < 0.1:
            return {k: v for k, v in value.items() if k != key}
        if kind < 0.15:
            return {(f"{k}x" if k == key else k): v for k, v in value.items()}
        return {k: (mutate_json(v, rng) if k == key else v) for k, v in value.items()}
    if isinstance(value, list) and value and rng.random() < 0.9:
        at = rng.randrange(len(value))
        kind = rng.random()
        if kind < 0.1:
            return value[:at] + value[at + 1 :]
        if kind < 0.2:
            return [*value[:at], value[rng.randrange(len(value))], *value[at:]]
        return [*value[:at], mutate_json(value[at], rng), *value[at + 1 :]]
    if isinstance(value, str) and value and rng.random() < 0.5:
        at = rng.randrange(len(value))
        return value[:at] + rng.choice(("", "\u00e9", "\x00", value)) + value[at + 1 :]
    if isinstance(value, int) and rng.random() < 0.5:
        return value + rng.choice((-1, 1, 1000))
    return rng.choice(VALUES)


def mutate(data: bytes, rng: random.Random) -> bytes:
    if data[:1] == b"{" and rng.random() < 0.7:
        value: object = json.loads(data)
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            value = mutate_json(value, rng)
        return json.dumps(value).encode()
    return mutate_bytes(data, rng)


def try_file(path: Path) -> bool:
    """Load and use one file; True where it loads. Any other error than ours gets out."""
    try:
        tokenizer = Tokenizer.load(str(path))
    except TokenworksError:
        return False
    for text in TEXTS:
        try:
            ids = tokenizer.encode(text, specials="text")
            tokenizer.decode(ids)
        except TokenworksError:
            continue
    return True


def written(folder: Path) -> list[Path]:
    """A small embedded tokenizer in every format that can say it."""
    tokenizer = Tokenizer.load("kl3m-004-char-4k-cased")
    for form in ("huggingface", "tiktoken", "gguf", "sentencepiece"):
        with contextlib.suppress(UnsupportedError):
            tokenizer.save(folder / form, form)
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def limit_memory() -> None:
    with contextlib.suppress(ImportError):  # not on Windows
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, hard))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    rng = random.Random(seed)
    seeds = [
        path
        for path in sorted(DATA.rglob("*"))
        if path.suffix in SUFFIXES and path.is_file() and path.stat().st_size < LARGEST_SEED
    ]
    warnings.simplefilter("ignore", TokenworksWarning)
    limit_memory()
    tried = loaded = 0
    with tempfile.TemporaryDirectory() as folder:
        seeds += written(Path(folder) / "written")
        began = time.monotonic()
        while time.monotonic() - began < options.seconds:
            source = rng.choice(seeds)
            path = Path(folder) / source.name
            data = mutate(source.read_bytes(), rng)
            path.write_bytes(data)
            start = time.monotonic()
            try:
                loaded += try_file(path)
                if time.monotonic() - start > SLOWEST:
                    raise TimeoutError(f"took {time.monotonic() - start:.0f} s")
            except Exception:
                kept = Path(tempfile.gettempdir()) / f"fuzz-{seed}-{source.name}"
                kept.write_bytes(data)
                traceback.print_exc()
                print(f"input {tried} of seed {seed}, made from {source.name}: kept as {kept}")
                return 1
            tried += 1
    print(
        f"loaders: {tried} damaged files of {len(seeds)} in {options.seconds:.0f} s, seed {seed}:"
    )
    print(f"  {loaded} loaded, {tried - loaded} refused with a clear error, no other outcome")
    return 0


if __name__ == "__main__":
    sys.exit(main())
