"""Corpora that are empty, broken, or bigger than what there is for them: one clear error, no traceback."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tokenworks as tw
from tokenworks.cli import main
from tokenworks.data.udhr import declarations
from tokenworks.errors import TokenworksWarning


@pytest.fixture(scope="module")
def many_words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1.5 million different pretokens in 16 MB, half of them seen twice."""
    path = tmp_path_factory.mktemp("corpus") / "many.txt"
    numbers = np.random.default_rng(3).permutation(1_000_000)
    words = np.char.add("w", np.concatenate([numbers, numbers[:500_000]]).astype("U7"))
    path.write_text(" ".join(words.tolist()), encoding="utf-8")
    return path


def test_a_pretoken_of_a_hundred_megabytes_is_cut_and_told(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(b"ab" * 50_000_000)
    with pytest.warns(TokenworksWarning, match="longer than 65,536 bytes; they were counted in"):
        trained = tw.train(path, vocab_size=265)
    assert trained.counts is not None
    assert trained.counts.bytes == 100_000_000
    assert trained.counts.distinct < 60
    assert trained.tokenizer.merges[0] == (b"a", b"b")
    assert trained.problems.by_kind["cut"] == 1


def test_more_distinct_pretokens_than_memory_name_the_count_that_fits(
    many_words: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", str(many_words), "--vocab-size", "400", "--memory", "165MB"]
    command += ["--pattern", "whitespace", "--scratch", str(tmp_path), "-o", str(tmp_path / "out")]
    assert main(command) == 2
    error = capsys.readouterr().err
    assert "--min-count 2 fits: it leaves out the 500,0" in error
    assert "of 1,000,0" in error
    assert "% of the text" in error
    assert main([*command, "--min-count", "2", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["counts"]["dropped"] >= 500_000
    assert said["counts"]["spilled_bytes"] > 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_full_disk_while_spilling(many_words: Path, tmp_path: Path) -> None:
    def limit() -> None:  # no file may grow past 1 MB: what write() says when the disk is full
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    command = [sys.executable, "-m", "tokenworks", "train", str(many_words), "--vocab-size", "400"]
    command += ["--pattern", "whitespace", "--memory", "155MB", "--scratch", str(tmp_path / "s")]
    done = subprocess.run(
        [*command, "-o", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )
    assert done.returncode == 2
    assert "cannot write" in done.stderr
    assert "File too large; free some space or name another folder" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
    assert not any(path.is_file() for path in (tmp_path / "s").rglob("*"))


def test_a_corpus_of_broken_lines_says_why_there_is_no_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"content": "words"}\n' * 3)
    assert main(["train", str(path), "--vocab-size", "300", "-o", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "holds no text to learn from" in error
    assert "a.jsonl, line 1" in error
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.jsonl"]


def test_standard_input_is_read_once(tmp_path: Path) -> None:
    text = "\n".join(one.text for one in declarations()[:9]).encode()
    arguments = ["train", "-", "--vocab-size", "500", "-o", str(tmp_path / "out")]
    command = [sys.executable, "-m", "tokenworks", *arguments]
    done = subprocess.run(command, input=text, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    whole = tw.train(_file(tmp_path, text), vocab_size=500)
    assert tw.Tokenizer.load(tmp_path / "out").sha256 == whole.tokenizer.sha256
    command = [*command[:-1], str(tmp_path / "two"), "--algorithm", "boundlessbpe"]
    done = subprocess.run(command, input=text, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"standard input can be read once" in done.stderr


def _file(folder: Path, text: bytes) -> Path:
    path = folder / "text.txt"
    path.write_bytes(text)
    return path


def test_a_forecast_is_near_what_comes(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    ranks = np.minimum(random.zipf(1.3, 2_500_000), 10**7)
    path = tmp_path / "zipf.txt"
    path.write_text(" ".join(f"w{rank:x}" for rank in ranks.tolist()), encoding="utf-8")
    seen: list[object] = []
    trained = tw.train(path, vocab_size=1000, on_forecast=seen.append)
    foreseen = trained.forecast
    assert foreseen is not None
    assert seen == [foreseen]
    assert trained.counts is not None
    assert trained.counts.distinct / 2 < foreseen.distinct < trained.counts.distinct * 2
    assert foreseen.text_bytes == trained.counts.bytes
    assert "distinct pretokens: about" in str(foreseen)


def test_held_out_text_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [one.text for one in declarations()]
    corpus, held = tmp_path / "corpus.txt", tmp_path / "held"
    corpus.write_text("\n".join(texts[:40]), encoding="utf-8")
    held.mkdir()
    for number, text in enumerate(texts[40:50]):
        (held / f"{number}.txt").write_text(text, encoding="utf-8")
    command = ["train", str(corpus), "--held-out", str(held), "--vocab-size", "1500", "--json"]
    for algorithm in ("bpe", "boundlessbpe"):
        out = tmp_path / algorithm
        assert main([*command, "--algorithm", algorithm, "-o", str(out)]) == 0
        said = json.loads(capsys.readouterr().out)
        tokenizer = tw.Tokenizer.load(out)
        tokens = sum(len(tokenizer.encode(text)) for text in texts[40:50])
        size = sum(len(text.encode()) for text in texts[40:50])
        assert said["held_out"]["tokens"] == tokens
        assert said["held_out"]["bytes"] == size
        assert said["held_out"]["bytes_per_token"] == pytest.approx(size / tokens, abs=1e-3)
        if algorithm == "boundlessbpe":
            assert said["single_pass"]["documents"] == 10
            assert said["single_pass"]["measured_on"] == "held-out text"
            assert said["single_pass"]["tokens_two_phase"] == tokens
