"""Results in order from threads and processes, through errors, dead workers, and reruns."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tokenworks.engine import Arrow, Retry, run
from tokenworks.errors import FormatError, OptionError, ShardError, TokenworksWarning
from tokenworks.text import shards, sources

LOCAL = ("threads", "processes")


def jobs() -> Any:
    import engine_jobs

    return engine_jobs


@pytest.mark.parametrize("engine", LOCAL)
def test_results_are_in_the_order_of_the_shards(engine: Any) -> None:
    assert list(run(jobs().square, range(20), workers=2, engine=engine)) == [
        n * n for n in range(20)
    ]
    assert list(run(jobs().slow_first, range(5), workers=2, engine=engine)) == list(range(5))
    assert list(run(jobs().square, [], workers=2, engine=engine)) == []


def test_a_corpus_counted_in_shards_equals_the_whole(tmp_path: Path) -> None:
    import corpus_job

    for name in ("a.txt", "b.jsonl"):
        words = [f"word{n % 97} é{n}" for n in range(9000)]
        lines = [json.dumps({"text": w}) for w in words] if name == "b.jsonl" else words
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    found = sources(tmp_path)
    parts = shards(found, 16384)
    assert len(parts) > 8
    whole = sum((Counter(corpus_job.count_words(s)) for s in found), Counter())
    for engine in LOCAL:
        results = run(corpus_job.count_words, parts, workers=2, engine=engine)  # type: ignore[arg-type]
        assert sum(map(Counter, results), Counter()) == whole


def test_a_slow_consumer_holds_the_workers_back() -> None:
    started = []
    lock = threading.Lock()

    def function(number: int) -> int:
        with lock:
            started.append(number)
        return number

    for result in run(function, range(60), workers=2):
        time.sleep(0.005)
        assert len(started) <= result + 1 + 8


@pytest.mark.parametrize("engine", LOCAL)
def test_errors_carry_the_shard(engine: Any) -> None:
    with pytest.raises(ShardError, match="3: ZeroDivisionError: three") as caught:
        list(run(jobs().fail_at_three, range(9), workers=2, engine=engine))
    assert "fail_at_three" in "".join(caught.value.__notes__)
    with pytest.raises(FormatError, match="3: line 7 is broken"):
        list(run(jobs().bad_file_at_three, range(9), workers=2, engine=engine))


def test_an_error_that_cannot_be_sent_is_told() -> None:
    with pytest.raises(ShardError, match="needs two"):
        list(run(jobs().fail_unpicklable, [1], workers=1, engine="processes"))


def test_a_killed_worker_costs_a_retry(tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("a", "kill1", "b", "kill2", "c", "d")]
    seen: list[Retry] = []
    results = run(jobs().kill_once, names, workers=2, engine="processes", on_retry=seen.append)
    assert list(results) == ["a", "kill1", "b", "kill2", "c", "d"]
    assert sorted(retry.shard for retry in seen) == [names[1], names[3]]
    assert "SIGKILL" in seen[0].reason
    assert multiprocessing.active_children() == []


def test_without_a_listener_a_dead_worker_is_a_warning(tmp_path: Path) -> None:
    with pytest.warns(TokenworksWarning, match="SIGKILL"):
        list(run(jobs().kill_once, [str(tmp_path / "kill")], workers=1, engine="processes"))


def test_a_shard_that_kills_every_worker_is_named() -> None:
    options: dict[str, Any] = {"workers": 1, "engine": "processes", "on_retry": lambda _: None}
    with pytest.raises(ShardError, match=r"5: .*SIGKILL.* 2 times in a row"):
        list(run(jobs().kill_always, [5], retries=1, **options))
    with pytest.raises(ShardError, match="exit code 7"):
        list(run(jobs().exit_always, [5], retries=0, **options))
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("engine", LOCAL)
def test_a_rerun_does_only_what_is_missing(tmp_path: Path, engine: Any) -> None:
    items = [(str(tmp_path), n) for n in range(8)]
    (tmp_path / "fail5").touch()
    options: dict[str, Any] = {
        "workers": 1,
        "engine": engine,
        "resume_dir": tmp_path / "done",
        "identity": {"pattern": "gpt2"},
    }
    with pytest.raises(ShardError, match="asked to fail"):
        list(run(jobs().log_call, items, **options))
    (tmp_path / "fail5").unlink()
    before = (tmp_path / "calls").read_text().split()
    assert list(run(jobs().log_call, items, **options)) == [n * 10 for n in range(8)]
    again = (tmp_path / "calls").read_text().split()[len(before) :]
    assert set(again) | set(before) == {str(n) for n in range(8)}
    assert "0" not in again
    calls = (tmp_path / "calls").read_text()
    assert list(run(jobs().log_call, items, **options)) == [n * 10 for n in range(8)]
    assert (tmp_path / "calls").read_text() == calls
    # other options: nothing is reused
    options["identity"] = {"pattern": "cl100k"}
    list(run(jobs().log_call, items, **options))
    assert len((tmp_path / "calls").read_text()) == len(calls) + 16


def test_damaged_markers_and_changed_files_are_done_again(tmp_path: Path) -> None:
    import corpus_job

    corpus, done = tmp_path / "corpus", tmp_path / "done"
    corpus.mkdir()
    (corpus / "a.txt").write_text("one two")
    (corpus / "b.txt").write_text("three")

    def count() -> list[dict[str, int]]:
        return list(run(corpus_job.count_words, sources(corpus), resume_dir=done))

    assert count() == [{"one": 1, "two": 1}, {"three": 1}]
    markers = sorted(done.iterdir())
    assert len(markers) == 2
    for marker in markers:
        marker.write_bytes(b"{cut")
    assert count() == [{"one": 1, "two": 1}, {"three": 1}]
    (corpus / "b.txt").write_text("four four")
    assert count() == [{"one": 1, "two": 1}, {"four": 2}]


def test_tables_are_kept(tmp_path: Path) -> None:
    def function(number: int) -> pa.Table:
        return pa.table({"n": [number] * number})

    first = list(run(function, range(4), keeper=Arrow(), resume_dir=tmp_path))
    again = list(run(function, range(4), keeper=Arrow(), resume_dir=tmp_path))
    assert first == again
    with pytest.raises(OptionError, match="keeper Json cannot hold"):
        list(run(function, [1], resume_dir=tmp_path))
    assert not list(tmp_path.glob("*.part"))


def test_closing_early_stops_the_workers() -> None:
    results = run(jobs().nap, range(100), workers=2, engine="processes")
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


def test_wrong_options() -> None:
    with pytest.raises(OptionError, match="imported by its name"):
        list(run(lambda n: n, [1], engine="processes"))
    with pytest.raises(OptionError, match="engine"):
        run(jobs().square, [1], engine="spark")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="workers"):
        run(jobs().square, [1], workers=-1)
    with pytest.raises(OptionError, match="retries"):
        run(jobs().square, [1], retries=-1)


SCRIPT = """
import signal, sys
from tokenworks.engine import run
import engine_jobs
if __name__ == "__main__":
    # A job that a shell starts in the background ignores the interrupt, and so do its children.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        for result in run(engine_jobs.nap, range(1000), workers=2, engine=sys.argv[1],
                          resume_dir=sys.argv[2]):
            print(result, flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        sys.exit(130)
"""


@pytest.mark.parametrize("engine", LOCAL)
def test_ctrl_c_ends_at_once_and_loses_nothing(tmp_path: Path, engine: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    child = subprocess.Popen(
        [sys.executable, str(script), engine, str(tmp_path / "done")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
        text=True,
    )
    assert child.stdout is not None
    for expected in range(4):
        assert child.stdout.readline() == f"{expected}\n"
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does: to every process of the group
    out, err = child.communicate(timeout=30)
    assert child.returncode == 130
    assert out.endswith("interrupted\n")
    assert "Traceback" not in err
    assert len(list((tmp_path / "done").glob("*.json"))) >= 4
    deadline = time.monotonic() + 10
    while (left := living(child.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)  # the resource tracker of multiprocessing ends last
    assert left == []


def living(group: int) -> list[str]:
    """The processes of a group that have not ended; Linux only."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, pgid = stat.read_text().rpartition(")")[2].split()[:3]
            if int(pgid) == group and state != "Z":
                found.append(stat.parent.name)
    return found
