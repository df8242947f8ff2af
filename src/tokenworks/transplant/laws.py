"""The laws of the family, on models and vocabularies small enough to make on the spot.

Initializers: `initialize(old, new, embeddings, given) -> embeddings, report`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from tokenworks.data.udhr import declaration
from tokenworks.testing import law
from tokenworks.tokenizer.definition import AddedToken, Bpe
from tokenworks.tokenizer.tokenizer import Tokenizer
from tokenworks.transplant.embeddings import Embeddings, Floats, Held, whole
from tokenworks.transplant.initialization import Given, Report
from tokenworks.transplant.matching import match, token_ids

Transform = Callable[..., tuple[Embeddings, Tokenizer]]
Initialize = Callable[..., tuple[Embeddings, Report]]

_WIDTH = 12
_PADDING = 24


@law("shared tokens are copied exactly", when="initializer")
def shared_rows(initialize: Initialize) -> None:
    for tied in (True, False):
        embeddings = _embeddings(_old(), tied=tied)
        made, report = initialize(_old(), _new(), embeddings, _given_to(initialize, embeddings))
        matched = match(_old(), _new(), embeddings.input.rows)
        shared = matched.shared
        assert len(shared) > 300, "the law's vocabularies share too little"
        assert np.array_equal(report.source[shared], matched.source[shared])
        for part, rows in embeddings.parts().items():
            copied = made.parts()[part].take(shared)
            assert np.array_equal(copied, rows.take(matched.source[shared])), f"{part} differs"


@law("the same vocabulary gives the same matrices, bit for bit", when="initializer")
def identity(initialize: Initialize) -> None:
    for tied in (True, False):
        embeddings = _embeddings(_old(), tied=tied, padding=_PADDING)
        given = _given_to(initialize, embeddings)
        given = replace(given, donor=_embeddings(_old(), tied=tied, seed=9))
        made, _ = initialize(_old(), _old(), embeddings, given)
        for part, rows in embeddings.parts().items():
            assert whole(made.parts()[part]).tobytes() == whole(rows).tobytes(), f"{part} differs"


@law("every row is finite, of the old width, and accounted for", when="initializer")
def finite(initialize: Initialize) -> None:
    embeddings = _embeddings(_old(), tied=False)
    made, report = initialize(_old(), _new(), embeddings, _given_to(initialize, embeddings))
    for part, rows in made.parts().items():
        matrix = whole(rows)
        assert matrix.dtype == np.float32, f"{part} is {matrix.dtype}"
        assert matrix.shape == (_new().max_id_plus_one, embeddings.parts()[part].width), part
        assert np.isfinite(matrix).all(), (
            f"{part} holds {(~np.isfinite(matrix)).sum()} such numbers"
        )
    assert len(report.origin) == _new().max_id_plus_one
    assert sum(report.counts().values()) == _new().max_id_plus_one


@law("tied matrices stay tied, untied ones are made apart, with the bias", when="initializer")
def ties(initialize: Initialize) -> None:
    one, two = _embeddings(_old(), tied=True), _embeddings(_old(), tied=False)
    tied, _ = initialize(_old(), _new(), one, _given_to(initialize, one))
    assert tied.output is None and tied.bias is None, "an output matrix appeared"
    untied, _ = initialize(_old(), _new(), two, _given_to(initialize, two))
    assert untied.output is not None and untied.bias is not None, "the output matrix is lost"
    again, _ = initialize(_old(), _new(), two, _given_to(initialize, two))
    assert again.output is not None
    assert np.array_equal(whole(untied.output), whole(again.output)), "another run, other rows"


@law("rows beyond the tokens are kept, and as many as the model was padded to", when="initializer")
def padding(initialize: Initialize) -> None:
    rows = _old().max_id_plus_one
    step = 64 - rows % 64
    embeddings = _embeddings(_old(), tied=True, padding=step)
    made, report = initialize(_old(), _new(), embeddings, _given_to(initialize, embeddings))
    assert made.input.rows % 64 == 0, f"{made.input.rows} rows; the old matrix is padded to 64"
    beyond = np.setdiff1d(np.arange(made.input.rows), token_ids(_new()))
    old = embeddings.input.take(rows + np.arange(step))
    n = min(len(beyond), step)
    assert np.array_equal(made.input.take(beyond[:n]), old[:n]), "padding rows are not kept"
    assert report.counts()["padding"] == len(beyond)


@law("the numbers of the new tokens do not matter", when="initializer")
def relabelled(initialize: Initialize) -> None:
    order = np.random.default_rng(3).permutation(_new().max_id_plus_one)
    other = _renumbered(_new(), order)
    embeddings = _embeddings(_old(), tied=True)
    given = _given_to(initialize, embeddings)
    first, _ = initialize(_old(), _new(), embeddings, given)
    donor = given.donor
    assert donor is not None
    moved = Held(np.empty_like(whole(donor.input)))
    moved.array[order] = whole(donor.input)
    second, _ = initialize(_old(), other, embeddings, replace(given, donor=Embeddings(moved)))
    one, two = whole(first.input), whole(second.input)[order]
    worst = float(np.abs(one - two).max())
    assert worst < 1e-3, f"a row moves by {worst} when tokens are renumbered"


@cache
def _old() -> Tokenizer:
    return first_merges(Tokenizer.load("gpt2"), 500, ("<|endoftext|>",))


@cache
def _new() -> Tokenizer:
    return first_merges(Tokenizer.load("kl3m-001-32k"), 620, ("<eos>", "<|im_start|>"))


def first_merges(tokenizer: Tokenizer, merges: int, special: tuple[str, ...]) -> Tokenizer:
    """A byte-level tokenizer cut down to its bytes and first merges; the first special is EOS."""
    definition = tokenizer.definition
    model = definition.model
    assert isinstance(model, Bpe) and model.byte_level
    pieces = [bytes((value,)) for value in range(256)]
    number = {piece: value for value, piece in enumerate(pieces)}
    pairs: list[tuple[int, int]] = []
    for left, right in tokenizer.merges[:merges]:
        if left in number and right in number:
            pairs.append((number[left], number[right]))
            if left + right not in number:
                number[left + right] = len(pieces)
                pieces.append(left + right)
    cut = replace(
        model,
        pieces=tuple(pieces),
        ids=np.arange(len(pieces), dtype=np.uint32),
        merges=np.array(pairs, np.uint32),
        unk_id=None,
        outside_map=frozenset(),
        merge_ranks=None,
    )
    added = tuple(AddedToken(len(pieces) + place, text) for place, text in enumerate(special))
    return Tokenizer(
        replace(
            definition,
            name=f"{definition.name} cut to {len(pieces)}",
            model=cut,
            added=added,
            postprocessor=(),
            bos_id=None,
            pad_id=None,
            eos_id=len(pieces),
        )
    )


def _renumbered(tokenizer: Tokenizer, order: NDArray[np.int64]) -> Tokenizer:
    definition = tokenizer.definition
    model = definition.model
    assert isinstance(model, Bpe) and definition.eos_id is not None
    return Tokenizer(
        replace(
            definition,
            model=replace(model, ids=order[model.ids].astype(np.uint32)),
            added=tuple(replace(one, id=int(order[one.id])) for one in definition.added),
            eos_id=int(order[definition.eos_id]),
        )
    )


def _embeddings(tokenizer: Tokenizer, *, tied: bool, padding: int = 0, seed: int = 0) -> Embeddings:
    """Rows that depend on the bytes of each token, not on its number."""

    def matrix(width: int, part: str) -> Floats:
        made = np.empty((tokenizer.max_id_plus_one + padding, width), np.float32)
        for number in range(len(made)):
            inside = number < tokenizer.max_id_plus_one
            spelled = tokenizer.token_bytes(number) if inside else b"row %d" % number
            draw = np.random.default_rng(crc32(part.encode() + b"%d" % seed + spelled))
            made[number] = draw.normal(size=width)
        return made

    if tied:
        return Embeddings(Held(matrix(_WIDTH, "input")))
    return Embeddings(
        Held(matrix(_WIDTH, "input")), Held(matrix(_WIDTH, "output")), Held(matrix(1, "bias"))
    )


def _given_to(initialize: Initialize, embeddings: Embeddings) -> Given:
    """Everything that this initializer may ask for; a hypernetwork, which needs torch, if it does."""
    info = getattr(initialize, "method_info", None)
    if info is None or "needs-hypernetwork" not in info.declares:
        return _given()
    import torch

    from tokenworks.transplant.hypernetwork import Hypernetwork
    from tokenworks.transplant.hypernetwork_shape import Shape

    rows = embeddings.input.rows
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        shape = Shape(_WIDTH, rows, embeddings.tied, hidden=16, inner=32, layers=1, heads=2)
        return replace(_given(), hypernetwork=Hypernetwork(shape))


@cache
def _given() -> Given:
    """Everything that nearly all initializers may ask for."""
    english, french = declaration("en"), declaration("fr")
    return Given(
        donor=_embeddings(_new(), tied=True, seed=9),
        texts=english.articles * 4,
        old_texts=english.articles * 4,
        parallel=tuple(zip(english.articles, english.articles, strict=True))
        + tuple(zip(english.articles, french.articles, strict=True)),
    )


@law("every row is finite, and every token has one", when="transform")
def whole_model(transform: Transform) -> None:
    for tied in (True, False):
        made, new = _changed(transform, tied)
        for part, rows in made.parts().items():
            assert rows.rows >= new.max_id_plus_one, f"{part} has {rows.rows} rows"
            assert np.isfinite(whole(rows)).all(), f"{part} is not finite"


@law("texts survive, and special tokens stay special", when="transform")
def texts_survive(transform: Transform) -> None:
    _, new = _changed(transform, True)
    for text in ("", "All human beings", *declaration("fr").articles[:5]):
        assert new.decode_bytes(new.encode(text)) == text.encode()
    assert set(new.specials) == set(_old().specials), "other special tokens"


@law("another run gives the same", when="transform")
def repeatable(transform: Transform) -> None:
    (one, first), (two, second) = (_changed(transform, True) for _ in range(2))
    assert first == second and np.array_equal(whole(one.input), whole(two.input))


def _changed(transform: Transform, tied: bool) -> tuple[Embeddings, Tokenizer]:
    """What a transform makes of a small model; a font of 256 characters is drawn where it needs one."""
    info = getattr(transform, "method_info", None)
    embeddings = _embeddings(_old(), tied=tied)
    if info is None or "needs-font" not in info.declares:
        return transform(embeddings, _old(), _given())
    with tempfile.TemporaryDirectory() as folder:
        font = Path(folder) / "font.hex"
        font.write_text(
            "".join(f"{code:04X}:{sha256(b'%d' % code).hexdigest()}\n" for code in range(256))
        )
        return transform(embeddings, _old(), _given(), font=str(font))


@law("no merges change nothing, more never lengthen, the text stays", when="dynamic")
def merging(merge: Callable[..., list[list[tuple[int, ...]]]]) -> None:
    batch = [_old().encode(article) for article in declaration("en").articles[:6]]
    plain = merge(batch, _old(), merges=0)
    assert plain == [[(number,) for number in one.tolist()] for one in batch]
    lengths = []
    for merges in (0, 1, 10, 100, None):
        merged = merge(batch, _old(), merges=merges)
        assert merged == merge(batch, _old(), merges=merges), "another run gives other tokens"
        for one, tokens in zip(batch, merged, strict=True):
            assert [number for token in tokens for number in token] == one.tolist()
        lengths.append(sum(map(len, merged)))
    assert lengths == sorted(lengths, reverse=True), f"lengths {lengths} rise"


@law("looking at every row, it is the softmax; looking at some, never a wrong logit", when="head")
def retrieved(build: Callable[..., Any]) -> None:
    draw = np.random.default_rng(2)
    for biased in (False, True):
        rows = Held(draw.normal(size=(900, _WIDTH)).astype(np.float32))
        bias = Held(draw.normal(size=(900, 1)).astype(np.float32)) if biased else None
        hidden = draw.normal(size=(7, _WIDTH)).astype(np.float32)
        logits = (hidden @ rows.array.T).astype(np.float64)
        logits += bias.array[:, 0] if bias is not None else 0
        most = logits.max(axis=1, keepdims=True)
        softmax = logits - most - np.log(np.exp(logits - most).sum(axis=1, keepdims=True))
        ids, logs = build(rows, bias=bias, always=[3], searched=900, neighbours=900).log_probs(
            hidden
        )
        for row in range(len(hidden)):
            found = {int(n): log for n, log in zip(ids[row], logs[row], strict=True) if n >= 0}
            assert sorted(found) == list(range(900)), "not every token, or one twice"
            worst = max(abs(log - softmax[row, n]) for n, log in found.items())
            assert worst < 1e-4, f"a log-probability is off by {worst}"
        ids, logs = build(rows, bias=bias, always=[3], searched=2, neighbours=20).log_probs(hidden)
        assert (ids == 3).sum(axis=1).tolist() == [1] * len(hidden), "a token is missing or twice"
        assert np.allclose(np.exp(logs).sum(axis=1), 1), "no distribution"
        for row in range(len(hidden)):
            kept = ids[row] >= 0
            apart = logs[row][kept] - softmax[row, ids[row][kept]]
            assert np.ptp(apart) < 1e-4, "logits of those found are not the true ones"


@law("a method says whether it makes rows or changes a model")
def declared(item: object) -> None:
    info = getattr(item, "method_info", None)
    kinds = {"initializer", "transform", "dynamic", "head"} & set(info.declares if info else ())
    assert len(kinds) == 1, "declare one of 'initializer', 'transform', 'dynamic' and 'head'"
