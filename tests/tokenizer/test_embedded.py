"""The embedded tokenizers are the originals, and load fast without a network."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from tests.assets import ROOT, asset

from tokenworks import Tokenizer
from tokenworks.errors import FormatError, UnknownNameError
from tokenworks.tokenizer import embedded, names
from tokenworks.tokenizer.compact import pack, unpack
from tokenworks.tokenizer.digest import digest

sys.path.insert(0, str(ROOT / "tools"))
import embed_tokenizers


@pytest.mark.parametrize("name", embedded.index())
def test_each_equals_its_original(name: str) -> None:
    entry = embedded.index()[name]
    path = asset(f"tokenizers/{entry['original']}")
    assert embed_tokenizers.fingerprint(path) == entry["sha256"]
    original = names.read_path(path)
    assert digest(embedded.load(name)) == digest(original)
    again = pack(replace(original, name=name), {"source": "here"})
    assert digest(unpack(again, name)) == digest(original)


def test_licences_are_those_that_may_be_shipped() -> None:
    assert {entry["licence"] for entry in embedded.index().values()} == {"MIT", "Apache-2.0"}
    data = ROOT / "src" / "tokenworks" / "tokenizer" / "data"
    notice = (data / "NOTICE.md").read_text()
    for name in embedded.index():
        assert name in notice
    total = sum(path.stat().st_size for path in data.iterdir())
    assert total < 6_000_000


def test_aliases() -> None:
    assert Tokenizer.load("gpt2") == Tokenizer.load("r50k_base")
    assert Tokenizer.load("gpt2").name == "gpt2"
    with pytest.raises(UnknownNameError, match="no embedded tokenizer 'x'"):
        embedded.load("x")


def test_damaged_data_is_refused() -> None:
    definition = embedded.load("kl3m-004-char-4k-cased")
    data = bytearray(pack(definition, {}))
    with pytest.raises(FormatError, match="damaged embedded"):
        unpack(bytes(data[:-9]), "x")
    data[len(data) // 2] ^= 1
    with pytest.raises(FormatError, match="damaged embedded"):
        unpack(bytes(data), "x")


def test_ids_without_order_survive() -> None:
    definition = embedded.load("kl3m-004-char-4k-cased")
    model = definition.model
    turned = replace(model, ids=np.ascontiguousarray(model.ids[::-1]))
    again = unpack(pack(replace(definition, model=turned), {}), "x")
    assert again.model.ids.tolist() == turned.ids.tolist()
    assert again.model.pieces == turned.pieces
