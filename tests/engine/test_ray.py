"""Ray gives the local result, on a real cluster of two, through a killed worker."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tokenworks.engine import Retry, run
from tokenworks.errors import FormatError
from tokenworks.text import shards, sources


@pytest.mark.slow
def test_a_cluster_of_two_workers_equals_the_local_result(tmp_path: Path) -> None:
    import corpus_job
    import engine_jobs
    import ray
    from ray.cluster_utils import Cluster

    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.txt").write_text("\n".join(f"word{n % 97} é{n}" for n in range(20_000)))
    rows = (json.dumps({"text": f"row{n % 31} x{n}"}) for n in range(9000))
    (corpus / "b.jsonl").write_text("\n".join(rows))
    parts = shards(sources(corpus), 32768)
    local = list(run(corpus_job.count_words, parts, workers=2))

    small = {"object_store_memory": 80_000_000}
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False, **small}
    )
    try:
        second = cluster.add_node(num_cpus=1, **small)
        ray.init(address=cluster.address, log_to_driver=False, include_dashboard=False)
        assert ray.cluster_resources()["CPU"] == 2
        assert list(run(corpus_job.count_words, parts, workers=2, engine="ray")) == local

        names = [str(tmp_path / name) for name in ("a", "b", "kill1", "c", "kill2", "d")]
        seen: list[Retry] = []
        done = list(
            run(engine_jobs.kill_once, names, workers=2, engine="ray", on_retry=seen.append)
        )
        assert done == ["a", "b", "kill1", "c", "kill2", "d"]
        assert {retry.shard for retry in seen} >= {names[2], names[4]}

        with pytest.raises(FormatError, match="3: line 7 is broken"):
            list(run(engine_jobs.bad_file_at_three, range(5), workers=2, engine="ray"))

        resumed = tmp_path / "done"
        first = run(corpus_job.count_words, parts, workers=2, engine="ray", resume_dir=resumed)
        assert next(first) == local[0]
        first.close()  # type: ignore[attr-defined]
        kept = len(list(resumed.iterdir()))
        assert 0 < kept < len(parts)
        again = run(corpus_job.count_words, parts, workers=2, engine="ray", resume_dir=resumed)
        assert list(again) == local

        # a whole machine goes away while both are at work
        naps = run(engine_jobs.nap_on_a_machine, range(400), workers=2, engine="ray",
                   on_retry=seen.append)  # fmt: skip
        machines: set[str] = set()
        numbers = []
        for number, machine in naps:
            numbers.append(number)
            machines.add(machine)
            if len(machines) == 2 and number < 350:
                cluster.remove_node(second, allow_graceful=False)
                break
        rest = [next(naps) for _ in range(20)]
        naps.close()  # type: ignore[attr-defined]
        assert len(machines) == 2
        assert numbers + [number for number, _ in rest] == list(range(len(numbers) + 20))
        assert {machine for _, machine in rest[-4:]} < machines
        total = sum(map(Counter, local), Counter())
        assert total["row0"] == 291
    finally:
        ray.shutdown()
        cluster.shutdown()
