"""Planted mixtures of tokenizers over characters, trained by the libraries that people train them with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sentencepiece
import tokenizers

from tokenworks.data.udhr import declaration
from tokenworks.workflows.mixture import MixtureResult, mixture

LANGUAGES = ("de", "tr", "ru", "el", "hi")
TIMES = (11, 5, 3, 2, 1)  # how often the training text holds each


@pytest.fixture(scope="module")
def lines() -> dict[str, list[str]]:
    return {
        name: [f"{line}\n" for line in declaration(name).text.split("\n")] for name in LANGUAGES
    }


@pytest.fixture(scope="module")
def categories(lines: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("categories")
    for name, own in lines.items():
        (root / name).mkdir()
        (root / name / "text.txt").write_text("".join(own), "utf-8")
    return root


@pytest.fixture(scope="module")
def training(lines: dict[str, list[str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("training") / "all.txt"
    parts = ["".join(lines[name]) * times for name, times in zip(LANGUAGES, TIMES, strict=True)]
    path.write_text("".join(parts), "utf-8")
    return path


@pytest.fixture(scope="module")
def truth(lines: dict[str, list[str]]) -> dict[str, float]:
    sizes = np.array([len("".join(lines[name]).encode()) for name in LANGUAGES]) * TIMES
    return dict(zip(LANGUAGES, (sizes / sizes.sum()).tolist(), strict=True))


def _error(result: MixtureResult, truth: dict[str, float]) -> float:
    """log10 of the mean squared error."""
    return float(
        np.log10(np.mean([(one.share - truth[one.category]) ** 2 for one in result.shares]))
    )


@pytest.mark.parametrize("byte_fallback", [False, True])
def test_sentencepiece(
    training: Path, categories: Path, truth: dict[str, float], tmp_path: Path, byte_fallback: bool
) -> None:
    sentencepiece.SentencePieceTrainer.train(
        input=str(training),
        model_prefix=str(tmp_path / "planted"),
        model_type="bpe",
        vocab_size=1200 if byte_fallback else 900,
        byte_fallback=byte_fallback,
        character_coverage=1.0,
        max_sentence_length=1 << 20,
        minloglevel=2,
    )
    found = mixture(tmp_path / "planted.model", categories, merges=500, replicates=0)
    assert _error(found, truth) < -6, {one.category: one.share for one in found.shares}
    assert found.explained > 0.9


@pytest.mark.parametrize(
    "form", [{}, {"continuing_subword_prefix": "##"}, {"end_of_word_suffix": "</w>"}]
)
def test_character_bpe_of_tokenizers(
    training: Path, categories: Path, truth: dict[str, float], tmp_path: Path, form: dict[str, str]
) -> None:
    made = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="[UNK]", **form))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=900, special_tokens=["[UNK]"], show_progress=False, **form
    )
    made.train([str(training)], trainer)
    path = tmp_path / "tokenizer.json"
    made.save(str(path))
    found = mixture(path, categories, merges=500, replicates=0)
    assert _error(found, truth) < -6, {one.category: one.share for one in found.shares}
    assert found.explained > 0.9
