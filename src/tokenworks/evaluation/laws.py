"""The laws of evaluation methods: `measure(tokenizers, samples, model=None) -> rows`."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np

from tokenworks.data.udhr import declarations
from tokenworks.evaluation.encoded import Encoded
from tokenworks.evaluation.row import Row
from tokenworks.evaluation.sample import Sample
from tokenworks.testing import law
from tokenworks.tokenizer.definition import Bpe
from tokenworks.tokenizer.tokenizer import Tokenizer

Measure = Callable[..., list[Row]]

_LANGUAGES = ("en", "de", "tr", "hi", "th", "ja")
_WIDTH = 8  # columns of the model's matrices


def _samples() -> list[Sample]:
    return [
        Sample(article, "udhr", one.bcp47, "law")
        for one in declarations()
        if one.bcp47 in _LANGUAGES
        for article in one.articles[:6]
    ]


def _tokenizers() -> list[Tokenizer]:
    """Two of a family, so that methods over several have something to do."""
    return [Tokenizer.load(f"kl3m-004-char-{size}-cased") for size in ("4k", "8k")]


def _model(tokenizer: Tokenizer, folder: Path) -> Path:
    """A model whose rows depend on the bytes of each token, not on its id."""
    from safetensors.numpy import save_file

    rows = np.zeros((tokenizer.max_id_plus_one, _WIDTH), dtype=np.float32)
    for number in range(len(rows)):
        seed = crc32(tokenizer.token_bytes(number))
        rows[number] = np.random.default_rng(seed).normal(size=_WIDTH)
    path = folder / "model.safetensors"
    save_file({"model.embed_tokens.weight": rows}, path)
    return path


def _relabelled(tokenizer: Tokenizer) -> Tokenizer:
    definition = tokenizer.definition
    order = np.random.default_rng(5).permutation(tokenizer.max_id_plus_one).astype(np.uint32)
    model = definition.model
    assert isinstance(model, Bpe)
    unknown = None if model.unk_id is None else int(order[model.unk_id])
    return Tokenizer(
        replace(
            definition,
            model=replace(
                model,
                ids=order[model.ids],
                unk_id=unknown,
                outside_map=frozenset(int(order[number]) for number in model.outside_map),
            ),
            added=tuple(replace(token, id=int(order[token.id])) for token in definition.added),
            postprocessor=(),
        )
    )


def _figures(rows: Sequence[Row]) -> dict[tuple[str, str, str, str], Row]:
    return {(row.tokenizer, row.metric, row.kind, row.group): row for row in rows}


def _assert_equal(first: Sequence[Row], second: Sequence[Row]) -> None:
    one, other = _figures(first), _figures(second)
    assert one.keys() == other.keys(), (
        f"rows of one side only: {sorted(one.keys() ^ other.keys())[:3]}"
    )
    for key, row in one.items():
        for field in ("value", "low", "high"):
            left, right = getattr(row, field), getattr(other[key], field)
            assert left == right or math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9), (
                f"{field} of {key} is {left}, then {right}"
            )


def _measured(
    measure: Measure, tokenizers: Sequence[Tokenizer], samples: Sequence[Sample]
) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return measure(tokenizers, samples, model=_model(tokenizers[0], Path(folder)))


@law("every figure is finite, inside its interval, with a unit, and stands once")
def tidy(measure: Measure) -> None:
    rows = _measured(measure, _tokenizers(), _samples())
    declared = getattr(measure, "method_info", None)
    assert rows or (declared and "on-request" in declared.declares), "no rows"
    assert len(_figures(rows)) == len(rows), "a figure stands twice"
    for row in rows:
        assert math.isfinite(row.value), f"{row.metric} of {row.group!r} is {row.value}"
        assert row.unit, f"{row.metric} has no unit"
        assert row.direction in ("higher", "lower", "none"), row.direction
        assert row.n > 0, f"{row.metric} of {row.group!r} rests on nothing"
        assert (row.low is None) == (row.high is None), f"{row.metric} has half an interval"
        if row.low is not None and row.high is not None:
            assert row.low <= row.value <= row.high, f"{row} lies outside its interval"


@law("the same samples give the same rows, tokenized before or not")
def deterministic(measure: Measure) -> None:
    tokenizers, samples = _tokenizers(), _samples()
    encoded = Encoded.of(tokenizers, samples)
    with tempfile.TemporaryDirectory() as folder:
        model = _model(tokenizers[0], Path(folder))
        first = measure(tokenizers, iter(samples), model=model)
        assert first == measure(tokenizers, encoded, model=model), "another run, other rows"


@law("empty, one-byte and no samples give finite figures or none")
def finite_on_little(measure: Measure) -> None:
    for texts in ((), ("",), ("a",), ("", "x", " "), ("\ud800",), ("\x00",)):
        samples = [Sample(text, "s", "en", "d") for text in texts]
        for row in _measured(measure, _tokenizers(), samples):
            figures = (row.value, row.low or 0.0, row.high or 0.0)
            assert all(map(math.isfinite, figures)), f"{row} on {texts!r}"


@law("the numbers that ids happen to have do not matter")
def relabelling(measure: Measure) -> None:
    tokenizers, samples = _tokenizers(), _samples()
    relabelled = [_relabelled(tokenizer) for tokenizer in tokenizers]
    _assert_equal(_measured(measure, tokenizers, samples), _measured(measure, relabelled, samples))


@law("the same tokenizer in two formats gives the same rows")
def two_formats(measure: Measure) -> None:
    tokenizers, samples = _tokenizers(), _samples()
    with tempfile.TemporaryDirectory() as folder:
        again = []
        for tokenizer in tokenizers:
            path = Path(folder) / tokenizer.name
            tokenizer.save(path)
            again.append(Tokenizer.load(path))
        _assert_equal(_measured(measure, tokenizers, samples), _measured(measure, again, samples))
