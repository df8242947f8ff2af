"""Runs that are really killed: the same command goes on and gives the same tokenizer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import tokenworks as tw
from tokenworks.data.udhr import declarations
from tokenworks.training.bounded import PROCESS
from tokenworks.training.merges import Merges, learn_merges
from tokenworks.training.passes import PretokenPass
from tokenworks.training.pretokens import pretokens
from tokenworks.training.reading import Files
from tokenworks.training.source import TextSource

SLOW = r" ?\p{L}+|\p{N}+|\s+|[^\s\p{L}\p{N}]"  # no native scanner knows it
SCRIPT = """
import sys
from pathlib import Path
import tokenworks as tw
from tokenworks.training.reading import Files
from tokenworks.training.source import TextSource

corpus, work, algorithm, engine, out = sys.argv[1:]
source = TextSource(
    Files.named([corpus]), threads=2, engine=engine, work=Path(work), every=0.01, part=1 << 17
)
trained = tw.train(source, vocab_size=2000, algorithm=algorithm, pattern=PATTERN)
Path(out).write_text(trained.tokenizer.sha256)
""".replace("PATTERN", repr(SLOW))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "all.txt"
    texts = [one.text for one in declarations()[:60]]
    path.write_text("\n".join(texts), encoding="utf-8")
    return path


def state_of(work: Path) -> dict[str, Any]:
    for path in work.glob("*/state.json"):
        state: dict[str, Any] = json.loads(path.read_text())
        return state
    return {}


def wait_for(condition: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, "the run was over before it could be stopped"
        assert time.monotonic() < limit
        time.sleep(0.005)


def start(*arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SCRIPT, *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def test_killed_again_and_again_while_counting(corpus: Path, tmp_path: Path) -> None:
    work, out = tmp_path / "work", tmp_path / "out"
    seen: list[tuple[int, int]] = []
    for _ in range(2):
        process = start(corpus, work, "superbpe", "threads", out)
        before = seen[-1] if seen else (0, 0)

        def further() -> bool:
            state = state_of(work)
            return bool(state) and (state["part"], state["batch"]) > before  # noqa: B023

        wait_for(further, process)
        process.kill()
        process.wait()
        state = state_of(work)
        seen.append((state["part"], state["batch"]))
    assert not out.exists()
    assert seen == sorted(set(seen))
    assert start(corpus, work, "superbpe", "threads", out).wait() == 0
    whole = tw.train(corpus, vocab_size=2000, algorithm="superbpe", pattern=SLOW)
    assert out.read_text() == whole.tokenizer.sha256
    assert not work.exists()


def test_killed_while_merging_the_text_is_not_read_again(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, out = tmp_path / "work", tmp_path / "out"
    process = start(corpus, work, "bpe", "threads", out)
    wait_for(lambda: state_of(work).get("complete"), process)
    process.kill()
    process.wait()
    whole = tw.train(corpus, vocab_size=2000, pattern=SLOW)

    def never(*_: object) -> None:
        raise AssertionError("the text is read again")

    source = TextSource(Files.named([corpus]), work=work, every=0.01, part=1 << 17)
    monkeypatch.setattr(Files, "batches", never)
    again = tw.train(source, vocab_size=2000, pattern=SLOW)
    assert again.tokenizer.sha256 == whole.tokenizer.sha256
    assert again.counts is not None
    assert whole.counts is not None
    assert again.counts.pretokens == whole.counts.pretokens
    assert again.counts.bytes == whole.counts.bytes


@pytest.mark.slow
def test_killed_while_merging_goes_on_after_the_merges_that_were_kept(
    corpus: Path, tmp_path: Path
) -> None:
    work, out = tmp_path / "work", tmp_path / "out"
    process = start(corpus, work, "superbpe", "threads", out)
    wait_for(lambda: list(work.glob("*.merges.npz")), process)
    process.kill()
    process.wait()
    (kept,) = work.glob("*.merges.npz")
    with np.load(kept) as held:
        assert len(held["merges"]) > 0
    assert start(corpus, work, "superbpe", "threads", out).wait() == 0
    whole = tw.train(corpus, vocab_size=2000, algorithm="superbpe", pattern=SLOW)
    assert out.read_text() == whole.tokenizer.sha256
    assert not work.exists()


def test_merges_go_on_from_anywhere(tmp_path: Path) -> None:
    source = TextSource.of_texts([one.text for one in declarations()[:20]] + ["ab" * 500])
    strings = [bytes((byte,)) for byte in range(256)]
    for memory in (None, PROCESS + (32 << 20)):
        source.memory = memory

        def learned(stop: int | None = None) -> tuple[Merges, list[int]]:
            steps: list[int] = []

            def progress(step: int) -> None:
                steps.append(step)

            def enough(counts: NDArray[np.uint64]) -> bool:
                if stop is not None:
                    raise KeyboardInterrupt
                return False

            with source.words(PretokenPass(pretokens("gpt2"))) as words:
                merges = learn_merges(
                    replace(words, work=tmp_path, every=-1.0),
                    strings,
                    np.arange(256, dtype=np.int64),
                    1200,
                    enough=enough,
                    progress=progress,
                    stride=stop or 4096,
                )
            return merges, steps

        for stop in (1, 400):
            with pytest.raises(KeyboardInterrupt):
                learned(stop)
            (path,) = tmp_path.iterdir()
            with np.load(path) as held:
                kept = held["merges"]
                assert not held["done"]
            found, steps = learned()
            assert steps[0] == len(kept) >= stop
            assert sum(steps) == 944
            assert np.array_equal(found.counts[: len(kept)], kept[:, 3])
            again, steps = learned()
            assert steps == [944], "what is done is not done again"
            for path in tmp_path.iterdir():
                path.write_bytes(b"damaged")
            whole, steps = learned()
            assert steps[0] == 0
            for one in (found, again):
                assert np.array_equal(one.pairs, whole.pairs)
                assert np.array_equal(one.counts, whole.counts)
            path.unlink()


@pytest.mark.slow
def test_finished_shards_are_not_counted_again(corpus: Path, tmp_path: Path) -> None:
    work, out = tmp_path / "work", tmp_path / "out"
    process = start(corpus, work, "bpe", "processes", out)
    wait_for(lambda: list(work.glob("*/*.arrow")), process)
    process.kill()
    process.wait()
    kept = {path: path.stat().st_mtime_ns for path in work.glob("*/*.arrow")}
    assert start(corpus, work, "bpe", "processes", out).wait() == 0
    assert kept
    assert out.read_text() == tw.train(corpus, vocab_size=2000, pattern=SLOW).tokenizer.sha256


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_an_interrupted_command_keeps_all_that_was_counted(
    corpus: Path, tmp_path: Path, number: signal.Signals
) -> None:
    out, work = tmp_path / "out", tmp_path / "out.unfinished"
    command = [sys.executable, "-m", "tokenworks", "train", str(corpus), "--vocab-size", "2000"]
    command += ["--pattern", SLOW, "-o", str(out)]
    environment = {**os.environ, "COLUMNS": "200"}
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    wait_for(lambda: list(work.glob("*")), process)  # type: ignore[arg-type]
    time.sleep(0.2)
    process.send_signal(number)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 130
    assert f"what was counted is kept in {work}; the same command goes on from there" in error
    assert "Traceback" not in error
    state = state_of(work)
    assert state["bytes"] > 0
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert "going on from what an interrupted run left" in done.stderr
    whole = tw.train(corpus, vocab_size=2000, pattern=SLOW)
    assert tw.Tokenizer.load(out).sha256 == whole.tokenizer.sha256
    assert not work.exists()


@pytest.mark.slow
def test_a_changed_file_is_counted_anew(corpus: Path, tmp_path: Path) -> None:
    copy, work, out = tmp_path / "copy.txt", tmp_path / "work", tmp_path / "out"
    copy.write_bytes(corpus.read_bytes())
    process = start(copy, work, "bpe", "threads", out)
    wait_for(lambda: state_of(work), process)
    process.kill()
    process.wait()
    copy.write_bytes(corpus.read_bytes()[: 1 << 19].rsplit(b"\n", 1)[0])
    assert start(copy, work, "bpe", "threads", out).wait() == 0
    assert out.read_text() == tw.train(copy, vocab_size=2000, pattern=SLOW).tokenizer.sha256
