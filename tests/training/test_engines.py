"""Counting in other processes and on a cluster gives the local tokenizer, through a killed worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tokenworks as tw
from tokenworks.data.udhr import declarations
from tokenworks.errors import TokenworksWarning
from tokenworks.text import Problems
from tokenworks.tokenizer import Tokenizer
from tokenworks.training.reading import Files
from tokenworks.training.source import TextSource

# a native pattern, runs of words, chunks drawn by chance, and sequences that a tokenizer encodes
WAYS: tuple[dict[str, Any], ...] = (
    {"algorithm": "bpe", "normalizer": ["nfkc", "lowercase"]},
    {"algorithm": "boundlessbpe"},
    {"algorithm": "supertokens"},
    {"algorithm": "superbpe", "variant": "chunks"},
    {"algorithm": "bpe", "pattern": r"\w+|[^\w]+"},
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    whole = [one.text for one in declarations()]
    for number in range(4):
        (folder / f"{number}.txt").write_text("\n".join(whole[number::4]), encoding="utf-8")
    return folder


def trained(text: Any, options: dict[str, Any], **means: Any) -> Tokenizer:
    source = TextSource(text, threads=2, part=1 << 17, **means)
    return tw.train(source, vocab_size=1500, **options).tokenizer


def test_processes_give_the_local_result(corpus: Path) -> None:
    for options in WAYS[:3]:
        here = trained(Files.named([corpus]), options)
        assert trained(Files.named([corpus]), options, engine="processes").sha256 == here.sha256


def test_parts_are_of_one_size_whatever_the_files(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number:02}.txt").write_text(f"small file {number}\n" * 20)
    (tmp_path / "z.txt").write_text("a big file with many lines\n" * 4000)
    files = Files.named([tmp_path])
    parts = files.parts(8192)
    sizes = [part.size for part in parts]
    assert len(parts) < 22
    assert sum(sizes) == files.size
    assert max(sizes) < 2 * 8192
    whole = b"".join(batch.data for part in parts for batch in part.batches(Problems()))
    assert whole == b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()))


@pytest.mark.usefixtures("importable_texts")
def test_a_killed_process_loses_nothing(corpus: Path, tmp_path: Path) -> None:
    from deadly_text import DeadlyText

    options = {"algorithm": "bpe"}
    here = trained(Files.named([corpus]), options)
    with pytest.warns(TokenworksWarning, match="SIGKILL.*the shard is done again"):
        there = trained(
            DeadlyText(Files.named([corpus]), str(tmp_path)), options, engine="processes"
        )
    assert (tmp_path / "died").exists()
    assert there.sha256 == here.sha256


@pytest.mark.slow
@pytest.mark.usefixtures("importable_texts")
def test_a_cluster_of_two_gives_the_local_result(corpus: Path, tmp_path: Path) -> None:
    import ray
    from deadly_text import DeadlyText
    from ray.cluster_utils import Cluster

    small = {"object_store_memory": 80_000_000}
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False, **small}
    )
    try:
        cluster.add_node(num_cpus=1, **small)
        ray.init(address=cluster.address, log_to_driver=False, include_dashboard=False)
        assert ray.cluster_resources()["CPU"] == 2
        for options in WAYS:
            here = trained(Files.named([corpus]), options)
            assert trained(Files.named([corpus]), options, engine="ray").sha256 == here.sha256
        here = trained(Files.named([corpus]), WAYS[0])
        with pytest.warns(TokenworksWarning, match="the shard is done again"):
            there = trained(DeadlyText(Files.named([corpus]), str(tmp_path)), WAYS[0], engine="ray")
        assert (tmp_path / "died").exists()
        assert there.sha256 == here.sha256
    finally:
        ray.shutdown()
        cluster.shutdown()
