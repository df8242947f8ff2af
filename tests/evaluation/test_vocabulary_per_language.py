"""The remedy for unequal premiums, checked: fit the law, choose sizes, train again, compare."""

from __future__ import annotations

import numpy as np
import pytest
from assets import asset

from tokenworks.evaluation.vocabulary_law import common_target, fit
from tokenworks.training.bpe import bpe
from tokenworks.training.source import TextSource

LANGUAGES = ("eng-US", "deu", "tur", "rus", "fin", "spa", "vie", "pol", "ell")
SIZES = (1000, 1500, 2000, 3000, 4500)
COMMON = 2500


def tokens(lines: list[str], size: int) -> int:
    """Tokens of a text under a tokenizer of this size that was trained on it."""
    trained = bpe(TextSource.of_texts(lines), size)
    return len(trained.encode_batch(lines)[0])


@pytest.mark.slow
def test_sizes_per_language_make_tokens_equal() -> None:
    folder = asset("corpora/ntrex128") / "NTREX-128"
    texts = {
        language: (folder / f"newstest2019-ref.{language}.txt").read_text("utf-8").splitlines()
        for language in LANGUAGES
    }
    laws = [fit(SIZES, [tokens(lines, size) for size in SIZES]) for lines in texts.values()]
    target = common_target(laws, COMMON)
    chosen = []
    for (language, lines), law in zip(texts.items(), laws, strict=True):
        size, inside = law.size_for(target)
        assert inside, language
        chosen.append(tokens(lines, size))
        assert chosen[-1] == pytest.approx(target, rel=0.02), language
    common = [tokens(lines, COMMON) for lines in texts.values()]
    assert np.var(chosen) < np.var(common) / 50
