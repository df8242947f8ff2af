"""`score`: models of different vocabularies on one text, every bit and byte accounted for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lm import tiny

import tokenworks as tw
from tokenworks.cli import main
from tokenworks.data.udhr import declaration, declarations
from tokenworks.errors import OptionError, UnknownNameError


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, Path]:
    """Two models of different vocabularies, and one whose tokenizer writes in lower case."""
    folder = tmp_path_factory.mktemp("models")
    found = {name: tiny.save(folder / name, kind) for name, kind in (("a", "llama"), ("b", "gpt2"))}
    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join(one.text for one in declarations()[::30]), "utf-8")
    other = tw.train(corpus, vocab_size=300, special=["<|endoftext|>"]).tokenizer
    (found["b"] / "tokenizer.json").unlink()
    (found["b"] / "tokenizer_config.json").unlink()
    other.save(folder / "other")
    for file in (folder / "other").iterdir():
        file.rename(found["b"] / file.name)
    found["lower"] = tiny.save(folder / "lower", "llama")
    path = found["lower"] / "tokenizer.json"
    content = json.loads(path.read_text()) | {"normalizer": {"type": "Lowercase"}}
    path.write_text(json.dumps(content))
    return found


@pytest.fixture(scope="module")
def texts(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    for one in declarations()[::25]:
        (folder / one.code).mkdir()
        (folder / one.code / "text.txt").write_text(one.text[:1500], "utf-8")
    return folder


def test_bits_and_bytes_add_up(models: dict[str, Path], texts: Path) -> None:
    found = tw.score([models["a"], models["b"]], texts, labels="folder", window=32)
    assert [model.tokens for model in found.models] == [400, 300]
    written = sum(len(path.read_bytes()) for path in texts.rglob("*.txt"))
    for name in ("a", "b"):
        whole = found.of(name)
        parts = [row for row in found.rows if row.model == name and row.label]
        assert len(parts) == len(list(texts.iterdir()))
        assert whole.bytes == sum(row.bytes for row in parts) == written
        assert whole.tokens == sum(row.tokens for row in parts)
        assert whole.bits == pytest.approx(sum(row.bits for row in parts))
        model = tw.lm.load(models[name])
        alone = model.score(
            [path.read_text("utf-8") for path in sorted(texts.rglob("*.txt"))], window=32
        )
        assert whole.bits_per_byte == pytest.approx(alone.bits_per_byte)
        assert whole.low < whole.bits_per_byte < whole.high
        assert whole.changed == 0
    a, b = found.of("a"), found.of("b")
    assert b.difference == pytest.approx(b.bits_per_byte - a.bits_per_byte)
    assert b.difference_low <= b.difference <= b.difference_high
    assert (a.difference, a.difference_low, a.difference_high) == (0, 0, 0)
    with pytest.raises(OptionError, match="no row of model 'c'"):
        found.of("c")


def test_blocks_of_one_document_hold_all_of_it(models: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "one.txt"
    path.write_text(declarations()[3].text, "utf-8")
    found = tw.score(models["a"], path)
    size = len(path.read_bytes())
    assert (found.unit, found.units) == ("block", -(-size // 4096))
    assert found.of("a").bytes == size
    alone = tw.lm.load(models["a"]).score([path.read_text("utf-8")])
    assert found.of("a").bits == pytest.approx(alone.bits.sum())


def test_documents_are_resampled_where_there_are_many(
    models: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "many.jsonl"
    rows = [{"body": article} for one in declarations()[:2] for article in one.articles]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    found = tw.score(models["a"], path, field="body")
    assert (found.unit, found.units) == ("document", 60)
    cut = tw.score(models["a"], path, field="body", max_bytes=1000)
    assert cut.of("a").bytes <= 1000 < found.of("a").bytes


def test_labels_are_resampled_by_themselves(models: dict[str, Path], tmp_path: Path) -> None:
    """Languages that cost very differently, each evenly: what varies is little within each of them."""
    path = tmp_path / "two.jsonl"
    rows = [
        {"text": text, "language": language}
        for language, text in (
            ("en", "All human beings are born free. "),
            ("th", "มนุษย์ทั้งหลายเกิดมา"),
        )
        for _ in range(20)
    ]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    apart = tw.score(models["a"], path, labels="column:language")
    mixed = tw.score(models["a"], path)
    assert apart.of("a", "en").low == pytest.approx(apart.of("a", "en").high)
    assert apart.of("a", "en").bits_per_byte != pytest.approx(
        apart.of("a", "th").bits_per_byte, 0.05
    )
    assert apart.of("a").high - apart.of("a").low < 1e-6
    assert mixed.of("a").high - mixed.of("a").low > 1e-3
    few = tw.score(models["a"], path, labels="column:language", max_bytes=100)
    assert few.of("a").low is None


def test_the_same_model_twice_differs_by_nothing(models: dict[str, Path], texts: Path) -> None:
    model = tw.lm.load(models["a"])
    found = tw.score([model, model], texts)
    assert [one.name for one in found.models] == ["a", "a'"]
    assert found.of("a'").difference == found.of("a'").difference_high == 0


def test_changed_bytes_make_a_lower_bound(models: dict[str, Path], texts: Path, capsys) -> None:
    code = main(["score", str(models["lower"]), "--on", str(texts), "--max-bytes", "3000"])
    shown = capsys.readouterr().out
    assert code == 0
    assert ">= " in shown
    assert "a lower bound" in shown
    line = [str(models["lower"]), "--on", str(texts), "--max-bytes", "3000", "--json"]
    assert main(["score", *line]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert 0 < row["changed"] < row["bytes"]
    assert row["exact"] is False


def test_the_table_names_models_and_labels(models: dict[str, Path], texts: Path, capsys) -> None:
    line = [str(models["a"]), str(models["b"]), "--on", str(texts), "--labels", "folder"]
    assert main(["score", *line, "--max-bytes", "4000"]) == 0
    shown = capsys.readouterr().out
    assert "against a" in shown
    assert "label" in shown
    assert sorted(path.name for path in texts.iterdir())[0] in shown
    assert "blocks of at most 4,096 bytes" in shown


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["nowhere", "--on", "{texts}"], "no model folder 'nowhere'"),
        (["{a}", "--on", "nowhere.txt"], "nowhere.txt"),
        (["{a}", "--on", "{texts}", "--window", "5000"], "between 3 and the context of a, 64"),
        (["{a}", "--on", "{texts}", "--device", "tpu9"], "device 'tpu9' cannot be used"),
        (["{a}", "--on", "{texts}", "--dtype", "int3"], "dtype is 'int3'"),
        (["{texts}", "--on", "{texts}"], "no config.json"),
    ],
)
def test_bad_input(
    models: dict[str, Path], texts: Path, capsys, line: list[str], told: str
) -> None:
    filled = [part.format(a=models["a"], texts=texts) for part in line]
    assert main(["score", *filled]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_no_model_and_no_text(models: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no model"):
        tw.score([], tmp_path)
    with pytest.raises(UnknownNameError):
        tw.score(models["a"], tmp_path / "nothing")


def test_a_real_model_on_real_text(tmp_path: Path) -> None:
    text = tmp_path / "en.txt"
    text.write_text(declaration("en").text, "utf-8")
    found = tw.score("english-6m", text, max_bytes=8000)
    row = found.of("english-6m")
    assert 1.5 < row.bits_per_byte < 3
    assert row.bytes <= 8000
