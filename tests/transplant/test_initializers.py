"""What single initializers promise beyond the laws of the family."""

from __future__ import annotations

import numpy as np
import pytest
from oracles.omp import pursue as pursue_slowly

from tokenworks.data.udhr import declaration
from tokenworks.errors import OptionError
from tokenworks.registry import resolve
from tokenworks.tokenizer import Tokenizer
from tokenworks.transplant.alignment import align
from tokenworks.transplant.embeddings import Embeddings, Held, moments, whole
from tokenworks.transplant.initialization import Given
from tokenworks.transplant.matching import match
from tokenworks.transplant.omp import pursue
from tokenworks.transplant.sparsemax import sparsemax
from tokenworks.transplant.spectral_vectors import spectral_vectors
from tokenworks.transplant.token_adapt import local_weights
from tokenworks.transplant.word_vectors import WordVectors, dictionary_of, orthogonal_map

OLD, NEW = Tokenizer.load("kl3m-004-char-4k-cased"), Tokenizer.load("kl3m-004-char-8k-cased")
DRAW = np.random.default_rng(0)


def _old(width: int = 8) -> Embeddings:
    shape = (OLD.max_id_plus_one, width)
    return Embeddings(
        Held(np.random.default_rng(1).normal(size=shape).astype(np.float32)),
        Held(np.random.default_rng(2).normal(size=shape).astype(np.float32)),
    )


def _first_target() -> tuple[int, list[int]]:
    """A token of several old pieces, and them."""
    found = match(OLD, NEW, OLD.max_id_plus_one)
    for number in found.targets.tolist():
        text = NEW.token_bytes(number).decode("utf-8", "replace")
        pieces = OLD.encode(text, specials="text").tolist()
        if len(pieces) == 3 and "�" not in text:
            return number, pieces
    raise AssertionError("no such token")


def test_fvt_is_the_mean_of_the_pieces() -> None:
    number, pieces = _first_target()
    embeddings = _old()
    made, _ = resolve("transplant/fvt")(OLD, NEW, embeddings, Given())
    row = made.input.take(np.array([number]))[0]
    assert np.allclose(row, embeddings.input.take(np.array(pieces)).mean(axis=0), atol=1e-6)


@pytest.mark.parametrize(
    ("variant", "given", "output"),
    [
        ("sum", [1, 1, 1], [1, 1, 1]),
        ("weighted", [1 / 6, 2 / 6, 3 / 6], [3 / 6, 2 / 6, 1 / 6]),
        ("last", [0, 0, 1], [1, 0, 0]),
    ],
)
def test_fvt_variants(variant: str, given: list[float], output: list[float]) -> None:
    number, pieces = _first_target()
    embeddings = _old()
    made, _ = resolve("transplant/fvt")(OLD, NEW, embeddings, Given(), variant=variant)
    assert made.output is not None and embeddings.output is not None
    for rows, made_rows, weights in (
        (embeddings.input, made.input, given),
        (embeddings.output, made.output, output),
    ):
        expected = np.array(weights) @ rows.take(np.array(pieces))
        assert np.allclose(made_rows.take(np.array([number]))[0], expected, atol=1e-5)


def test_covariance_draws_from_the_old_distribution() -> None:
    mix = DRAW.normal(size=(6, 6))
    rows = (DRAW.normal(size=(OLD.max_id_plus_one, 6)) @ mix + 3).astype(np.float32)
    made, report = resolve("transplant/covariance")(OLD, NEW, Embeddings(Held(rows)), Given())
    drawn = made.input.take(report.match.targets)
    assert np.abs(np.cov(drawn.T) - np.cov(rows.T)).max() < 0.12 * np.abs(np.cov(rows.T)).max()
    flat = Embeddings(Held(np.ones((OLD.max_id_plus_one, 6), np.float32)))
    fallen, _ = resolve("transplant/covariance")(OLD, NEW, flat, Given())
    deviation = fallen.input.take(report.match.targets).std()
    assert 0.019 < deviation < 0.021, "the fallback is 0.02 N(0, I)"


def test_omp_equals_the_published_procedure() -> None:
    anchors = DRAW.normal(size=(60, 16)) * DRAW.uniform(0.5, 2, size=(60, 1))
    targets = DRAW.normal(size=(25, 16))
    atoms, coefficients, residual = pursue(
        Held(anchors.astype(np.float32)), targets.astype(np.float32), 7
    )
    for place, target in enumerate(targets):
        chosen, expected = pursue_slowly(anchors, target, 7)
        assert atoms[place].tolist() == chosen
        assert np.abs(coefficients[place] - expected).max() < 1e-4
    chosen_rows = anchors[atoms]
    products = np.einsum("mkw,mw->mk", chosen_rows, residual)
    assert np.abs(products).max() < 1e-4, "the residual is orthogonal to what was chosen"


def test_omp_residuals_never_grow_and_full_rank_is_exact() -> None:
    anchors = DRAW.normal(size=(40, 10)).astype(np.float32)
    targets = DRAW.normal(size=(12, 10)).astype(np.float32)
    norms = [np.linalg.norm(pursue(Held(anchors), targets, k)[2], axis=1) for k in range(1, 11)]
    assert (np.diff(np.array(norms), axis=0) < 1e-5).all()
    assert norms[-1].max() < 1e-3
    atoms, coefficients, _ = pursue(Held(anchors), anchors[:5], 1)
    scaled, same, _ = pursue(Held(3 * anchors), 3 * targets, 4)
    plain, other, _ = pursue(Held(anchors), targets, 4)
    assert np.array_equal(scaled, plain) and np.allclose(same, other, atol=1e-5)
    assert atoms.shape == (5, 1) and np.isfinite(coefficients).all()


def test_omp_blocks_of_little_memory_give_the_same_rows() -> None:
    donor = Embeddings(
        Held(np.random.default_rng(5).normal(size=(NEW.max_id_plus_one, 8)).astype(np.float32))
    )
    one, report = resolve("transplant/omp")(OLD, NEW, _old(), Given(donor=donor), sparsity=4)
    two, _ = resolve("transplant/omp")(
        OLD, NEW, _old(), Given(donor=donor, memory=200_000), sparsity=4
    )
    assert np.allclose(whole(one.input), whole(two.input), atol=1e-4)
    assert 0 < report.notes["input_residual"] < 1


def test_sparsemax_is_the_projection_onto_the_simplex() -> None:
    scores = DRAW.normal(size=(50, 9)).astype(np.float32)
    weights = sparsemax(scores)
    assert (weights >= 0).all() and np.allclose(weights.sum(axis=1), 1, atol=1e-6)
    assert (weights == 0).mean() > 0.3
    others = DRAW.dirichlet(np.ones(9), size=500)
    for row, found in zip(scores, weights, strict=True):
        least = np.square(others - row).sum(axis=1).min()
        assert np.square(found - row).sum() <= least + 1e-6


def test_spectral_vectors_bring_together_what_stands_alike() -> None:
    draw = np.random.default_rng(4)
    topics = [draw.choice(np.arange(8) + 8 * topic, size=40) for topic in draw.integers(0, 3, 300)]
    vectors = spectral_vectors(topics, 24, dimensions=4)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    likeness = unit @ unit.T
    same = np.equal.outer(np.arange(24) // 8, np.arange(24) // 8)
    assert likeness[same].mean() > 0.9
    assert likeness[~same].mean() < 0.3


def test_alignment_finds_a_planted_dictionary() -> None:
    draw = np.random.default_rng(6)
    meaning = draw.permutation(30)
    pairs = []
    for _ in range(300):
        sentence = draw.integers(0, 30, size=8)
        pairs.append((sentence, meaning[sentence] + 100))
    found = align(pairs)
    best = np.flatnonzero(np.diff(found.target, prepend=-1))
    assert np.array_equal(meaning[found.source[best]] + 100, found.target[best])


def test_word_vectors_of_one_language_map_by_a_rotation() -> None:
    texts = declaration("en").articles * 3
    vectors = WordVectors(texts, dimensions=20)
    rotation, entries = orthogonal_map(vectors, vectors, [(one, one) for one in vectors.words])
    assert entries >= len(vectors.words)
    assert np.allclose(rotation @ rotation.T, np.eye(20), atol=1e-5)
    assert np.allclose(vectors.vectors @ rotation, vectors.vectors, atol=1e-3)


def test_dictionary_comes_from_translations() -> None:
    pairs = list(zip(declaration("en").articles, declaration("fr").articles, strict=True))
    found = dictionary_of(pairs)
    assert ("Everyone", "Toute") in found or ("right", "droit") in found


def test_token_adapt_weights() -> None:
    one = local_weights(np.array([0.4], np.float32), np.array([1.0], np.float32), 0.3)
    assert one.tolist() == [1.0]
    cosines, lengths = np.array([0.9, 0.1], np.float32), np.array([0.5, 0.5], np.float32)
    sharp = local_weights(cosines, lengths, 1e-3)
    assert sharp[0] > 0.999 and np.isclose(sharp.sum(), 1)


def test_token_adapt_without_neighbours_is_its_pieces() -> None:
    embeddings = _old()
    alone, _ = resolve("transplant/token-adapt")(OLD, NEW, embeddings, Given(), share=0.0)
    number, pieces = _first_target()
    row = alone.input.take(np.array([number]))[0]
    weights = np.linalg.lstsq(embeddings.input.take(np.array(pieces)).T, row, rcond=None)[0]
    assert np.isclose(weights.sum(), 1, atol=1e-4) and (weights > 0).all()


def test_methods_refuse_what_they_cannot_do() -> None:
    for name, what in (
        ("focus", "--on"),
        ("wechsel", "--on"),
        ("trans-tokenizer", "--parallel"),
        ("omp", "--donor"),
    ):
        with pytest.raises(OptionError, match=what):
            resolve(f"transplant/{name}")(OLD, NEW, _old(), Given())
    with pytest.raises(OptionError, match="variant 'middle'"):
        resolve("transplant/fvt")(OLD, NEW, _old(), Given(), variant="middle")
    with pytest.raises(OptionError, match="pairs of words"):
        resolve("transplant/wechsel")(OLD, NEW, _old(), Given(texts=("a b c",)))
    small = Embeddings(Held(np.zeros((10, 4), np.float32)))
    with pytest.raises(OptionError, match="donor has 10 rows"):
        resolve("transplant/omp")(OLD, NEW, _old(), Given(donor=small))


def test_moments_are_those_of_numpy() -> None:
    rows = DRAW.normal(size=(500, 7)).astype(np.float32)
    mean, deviation = moments(Held(rows), np.arange(500))
    assert np.allclose(mean, rows.mean(axis=0)) and np.allclose(deviation, rows.std(axis=0))
