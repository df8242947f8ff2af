"""Planted rows of a model are recovered; damaged weights are refused."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tokenworks import Tokenizer
from tokenworks.errors import FormatError
from tokenworks.evaluation.under_trained import indicators, known_unused, under_trained
from tokenworks.lm.loading import model_folder

SMALL = "kl3m-004-char-4k-cased"


def planted(folder: Path, count: int = 20) -> tuple[Tokenizer, Path, set[int]]:
    tokenizer = Tokenizer.load(SMALL)
    rng = np.random.default_rng(0)
    rows = tokenizer.max_id_plus_one + 32  # padding that no token has
    ordinary = np.setdiff1d(tokenizer.definition.model.ids, list(tokenizer.specials.values()))
    chosen = set(rng.choice(ordinary, count, replace=False).tolist())
    matrix = rng.normal(size=(rows, 64)).astype(np.float32)
    drift = rng.normal(size=64) * 2
    untrained = [*chosen, *known_unused(tokenizer, rows).tolist()]
    matrix[untrained] = drift + rng.normal(size=(len(untrained), 64)) * 0.3
    path = folder / "model.safetensors"
    save_file({"model.embed_tokens.weight": matrix}, path)
    return tokenizer, path, chosen


def test_planted_rows_are_recovered(tmp_path: Path) -> None:
    tokenizer, path, chosen = planted(tmp_path)
    found = indicators(tokenizer, path)
    assert set(found.ranked()[: len(chosen)].tolist()) == chosen
    assert chosen <= set(found.ids[found.near].tolist())
    value = {row.metric: row.value for row in under_trained([tokenizer], model=tmp_path)}
    assert value["near_unused"] == pytest.approx(100 * found.near.sum() / len(found.ids))
    assert value["unused_rows"] >= 32


def test_short_rows(tmp_path: Path) -> None:
    tokenizer = Tokenizer.load(SMALL)
    matrix = np.random.default_rng(1).normal(size=(tokenizer.max_id_plus_one, 32))
    matrix[[300, 301, 302]] *= 0.01
    save_file({"wte.weight": matrix.astype(np.float16)}, tmp_path / "a.safetensors")
    found = indicators(tokenizer, tmp_path)
    assert {300, 301, 302} <= set(found.ids[found.short].tolist())


def test_a_real_model_in_bfloat16() -> None:
    folder = model_folder("english-6m")
    tokenizer = Tokenizer.load(folder)
    found = indicators(tokenizer, folder)
    assert np.isfinite(found.norm).all() and found.norm.min() > 0
    bytes_never_seen = [tokenizer.id_of(bytes((value,))) for value in (0xC0, 0xC1, 0xFF)]
    assert set(bytes_never_seen) <= set(found.unused.tolist())


def header(path: Path, entries: object, data: bytes = b"") -> Path:
    text = json.dumps(entries).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "not an object"),
        ({"a": {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4]}}, "no embedding matrix"),
        ({"wte.weight": {"dtype": "I8", "shape": [1, 1], "data_offsets": [0, 1]}}, "'I8'"),
        ({"wte.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 4]}}, "needs 16"),
        ({"wte.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}, "cut short"),
        ({"wte.weight": {"dtype": "F32", "shape": [2, 2]}}, "no proper shape"),
        ({"wte.weight": {"dtype": "F32", "shape": [0, 2], "data_offsets": [0, 0]}}, "0 rows"),
    ],
)
def test_damaged_weights(tmp_path: Path, entries: object, message: str) -> None:
    path = header(tmp_path / "x.safetensors", entries)
    with pytest.raises(FormatError, match=message):
        under_trained([Tokenizer.load(SMALL)], model=path)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="expected a folder"):
        under_trained([Tokenizer.load(SMALL)], model=tmp_path)
    (tmp_path / "x.safetensors").write_bytes(b"abc")
    with pytest.raises(FormatError, match="not a safetensors"):
        under_trained([Tokenizer.load(SMALL)], model=tmp_path)
    assert under_trained([Tokenizer.load(SMALL)]) == []
