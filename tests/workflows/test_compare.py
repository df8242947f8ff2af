"""`compare`: figures on shipped text, tokenizers that fail, bad corpora and bad options."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import tokenworks
from tokenworks.errors import FormatError, OptionError, UnknownNameError
from tokenworks.tokenizer import Tokenizer
from tokenworks.workflows.compare import Comparison, compare
from tokenworks.workflows.compare.texts import pasted_corpus

NAMES = ("gpt2", "cl100k_base", "o200k_base")
INDIC = (
    "Hindi",
    "Bengali",
    "Tamil",
    "Telugu",
    "Gujarati",
    "Kannada",
    "Malayalam",
    "Punjabi",
)


@pytest.fixture(scope="module")
def declaration() -> Comparison:
    return compare(
        NAMES, price=2.0, context=8192, unreachable=False, methods=["numbers", "robustness"]
    )


class Failing(Tokenizer):
    """Refuses texts that hold the letter q."""

    def encode(self, text: str, **options: object):  # type: ignore[no-untyped-def, override]
        if "q" in text:
            raise RuntimeError("no q, please")
        return super().encode(text, **options)  # type: ignore[arg-type]

    def encode_batch(self, texts, **options):  # type: ignore[no-untyped-def, override]
        if any("q" in text for text in texts):
            raise RuntimeError("no q, please")
        return super().encode_batch(texts, **options)


def failing() -> Failing:
    return Failing(Tokenizer.load("gpt2").definition)


def write(folder: Path, **texts: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def test_figures_are_those_of_counting_alone(declaration: Comparison) -> None:
    from tokenworks.data.udhr import declarations

    tokenizer = Tokenizer.load("cl100k_base")
    place = [one.name for one in declaration.tokenizers].index("cl100k_base")
    for code in ("eng", "hin", "arb"):
        one = next(d for d in declarations() if d.code == code)
        row = next(label for label in declaration.labels if label.name == one.language)
        expected = sum(tokenizer.count(article) for article in one.articles)
        assert row.tokens[place] == expected
        assert row.bytes == sum(len(article.encode()) for article in one.articles)
        assert row.documents == 30
        assert row.direction == one.direction
    assert len(declaration.labels) >= 60


def test_known_facts_show(declaration: Comparison) -> None:
    assert [one.name for one in declaration.tokenizers] == ["o200k_base", "cl100k_base", "gpt2"]
    hindi = next(row for row in declaration.labels if row.name == "Hindi")
    assert hindi.premiums is not None
    new, old, oldest = (one.value for one in hindi.premiums)
    assert new < 0.5 * old < old < oldest
    by_name = {row.name: row.premiums for row in declaration.labels}
    for name in INDIC:  # the vocabulary of o200k has pieces of these scripts, that of cl100k few
        assert (found := by_name[name]) is not None
        assert found[0].value < 3 and found[1].value > 5, name
    english = next(row for row in declaration.labels if row.name == "English")
    assert english.premiums is not None
    assert all(one.value == one.low == one.high == 1 for one in english.premiums)
    assert all(one.lossless for one in declaration.tokenizers)


def test_intervals_hold_their_values(declaration: Comparison) -> None:
    for one in declaration.tokenizers:
        for figure in (one.relative, one.bytes_per_token, one.median_premium, one.gini):
            assert figure is not None and figure.low is not None and figure.high is not None
            assert figure.low <= figure.value <= figure.high
    reference = declaration.tokenizers[-1]
    assert reference.name == declaration.reference == "gpt2"
    assert reference.relative.low == reference.relative.high == pytest.approx(1)


def test_costs_and_characters_at_the_limit(declaration: Comparison) -> None:
    for one in declaration.tokenizers:
        assert one.cost == pytest.approx(2 * one.tokens / 1e6)
        assert one.characters_at_limit == pytest.approx(8192 * one.characters / one.tokens)
        assert one.cost_per_million_characters == pytest.approx(2 * one.tokens / one.characters)


def test_verdict_names_the_best_and_the_dearest(declaration: Comparison) -> None:
    first, second = declaration.verdict
    assert "each language counted alike, o200k_base takes the fewest tokens" in first
    assert "fewer than gpt2 (95 % interval" in first
    assert "English" in second and str(declaration.tokenizers[0].worst_label) in second


def test_the_same_again(declaration: Comparison) -> None:
    again = compare(
        NAMES,
        price=2.0,
        context=8192,
        unreachable=False,
        methods=["numbers", "robustness"],
        threads=1,
    )
    assert [row for row in again.rows if row.metric != "encoding_seconds"] == [
        row for row in declaration.rows if row.metric != "encoding_seconds"
    ]


def test_the_phases_are_the_whole_time(declaration: Comparison) -> None:
    assert set(declaration.phases) == {
        *("loading", "reading", "encoding", "counting", "round trips", "methods", "tables")
    }
    assert all(seconds >= 0 for seconds in declaration.phases.values())
    assert sum(declaration.phases.values()) == pytest.approx(declaration.seconds)
    assert declaration.to_json()["encoding_seconds"] == declaration.phases["encoding"] > 0


def test_a_tokenizer_without_a_decoder_is_decoded_as_its_library_does() -> None:
    """Its tokens come back with spaces between them."""
    corpus = pasted_corpus("the\nthe bird\n")
    one = compare(["kl3m-005-multi-word-example-32k"], corpus, methods=["none"]).tokenizers[0]
    assert (one.checked, one.changed) == (2, 2)


def test_files_beside_the_page_agree(declaration: Comparison, tmp_path: Path) -> None:
    page = declaration.to_html(tmp_path / "report.html")
    assert {path.name for path in tmp_path.iterdir()} == {
        "report.html",
        "report.json",
        "report.arrow",
        "manifest.json",
    }
    assert page.stat().st_size < 3_000_000
    figures = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    with pa.memory_map(str(tmp_path / "report.arrow")) as source:
        rows = pa.ipc.open_file(source).read_all().to_pylist()
    assert len(rows) == len(declaration.rows)
    for one in figures["tokenizers"]:
        row = next(
            r
            for r in rows
            if (r["tokenizer"], r["metric"], r["kind"]) == (one["name"], "bytes_per_token", "all")
        )
        estimate = one["bytes_per_token"]
        assert (row["value"], row["low"], row["high"]) == tuple(estimate.values())
    for label in figures["labels"]:
        row = next(
            r
            for r in rows
            if (r["tokenizer"], r["metric"], r["group"]) == ("gpt2", "premium", label["name"])
        )
        assert row["value"] == label["premiums"][2]["value"]
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["tokenizers_sha256"]) == set(NAMES)


def test_labels_come_from_folders_and_files(tmp_path: Path) -> None:
    write(tmp_path / "a" / "news", one="Some news.", two="More news of today.")
    write(tmp_path / "a" / "code", one="def f(x):\n    return x\n")
    found = compare(["gpt2"], tmp_path / "a", unreachable=False)
    assert {row.name: row.documents for row in found.labels} == {"news": 2, "code": 1}
    files = compare(["gpt2"], tmp_path / "a" / "news", unreachable=False)
    assert {row.name for row in files.labels} == {"one", "two"}
    assert files.tokenizers[0].relative.low is None  # two documents are too few


def test_labels_by_column_and_script(tmp_path: Path) -> None:
    lines = [{"text": "Guten Tag", "lang": "de"}, {"text": "Добрый день", "lang": "ru"}]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    found = compare(["gpt2"], path, labels="column:lang", unreachable=False)
    assert {row.name for row in found.labels} == {"de", "ru"}
    found = compare(["gpt2"], path, labels="script", unreachable=False)
    assert {row.name for row in found.labels} == {"Latin", "Cyrillic"}


def test_parallel_corpora_have_premiums(tmp_path: Path) -> None:
    write(tmp_path, en="good morning", ru="доброе утро")
    found = compare(
        ["gpt2", "o200k_base"], tmp_path, parallel=True, reference_label="en", unreachable=False
    )
    assert found.reference_label == "en"
    row = next(row for row in found.labels if row.name == "ru")
    assert row.premiums is not None
    assert row.premiums[0].value == row.tokens[0] / 2


def test_a_tokenizer_that_fails_on_some_text_is_reported(tmp_path: Path) -> None:
    folder = write(tmp_path / "c", a="all is well", b="quite another", c="and a third")
    found = compare([failing(), "o200k_base"], folder, unreachable=False)
    by_name = {one.name: one for one in found.tokenizers}
    assert by_name["gpt2"].failed == 1
    assert by_name["gpt2"].documents == 2
    assert by_name["o200k_base"].failed == 0
    assert by_name["o200k_base"].documents == 3
    assert "b.txt" in by_name["gpt2"].failures[0].where
    assert any("no q, please" in warning for warning in found.warnings)


def test_a_tokenizer_that_always_fails_is_left_out(tmp_path: Path) -> None:
    folder = write(tmp_path / "c", a="q", b="qq")
    found = compare([failing(), "o200k_base"], folder, unreachable=False)
    assert [one.name for one in found.tokenizers] == ["o200k_base"]
    assert "gpt2 could not encode any text" in found.warnings[0]
    with pytest.raises(FormatError, match="no tokenizer could encode"):
        compare([failing()], folder, unreachable=False)


def test_broken_files_among_many_are_reported(tmp_path: Path) -> None:
    write(tmp_path, good="fine text", empty="")
    (tmp_path / "bad.txt").write_bytes(b"ab\xff\xfe cd")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 not really")
    found = compare(["gpt2"], tmp_path, unreachable=False)
    assert found.problems["total"] >= 2
    assert any("problems in the corpus" in warning for warning in found.warnings)


def test_what_cannot_be_read_ends_nothing(tmp_path: Path) -> None:
    write(tmp_path / "en", a="Good morning.", zero="")
    (tmp_path / "en" / "dangling.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "en" / "packed.jsonl.gz").write_bytes(b"PK\x03\x04 broken")
    (tmp_path / "en" / "empty.parquet").write_bytes(b"")
    (tmp_path / "en" / "noise.txt").write_bytes(bytes(range(256)))
    found = compare(["gpt2", "mistral-v1"], tmp_path, unreachable=False, methods=["renyi"])
    assert [one.name for one in found.labels] == ["en"] and found.documents >= 2
    said = " ".join(found.problems["first"])
    for name in ("packed.jsonl.gz", "empty.parquet", "noise.txt"):
        assert name in said


def test_documents_without_the_label_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "Guten Tag", "lang": "de"}\n{"text": "Good day"}\n', encoding="utf-8")
    found = compare(["gpt2"], path, labels="column:lang", unreachable=False, methods=["none"])
    assert {row.name for row in found.labels} == {"de", "a.jsonl"}
    assert found.problems["by_kind"] == {"label": 1}
    assert any(
        "line 2: no label by column:lang; it counts for a.jsonl" in w for w in found.warnings
    )


def test_a_corpus_without_text_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, a="", b="")
    with pytest.raises(FormatError, match="holds no text"):
        compare(["gpt2"], tmp_path)


def test_bad_arguments(tmp_path: Path) -> None:
    write(tmp_path, a="text")
    with pytest.raises(OptionError, match="at least one tokenizer"):
        compare([])
    with pytest.raises(OptionError, match="did you mean 'gpt2'"):
        compare(["gpt2"], tmp_path, reference="gpt3")
    with pytest.raises(OptionError, match="context is 0"):
        compare(["gpt2"], tmp_path, context=0)
    with pytest.raises(OptionError, match="price is -1"):
        compare(["gpt2"], tmp_path, price=-1)
    with pytest.raises(OptionError, match="not among those compared"):
        compare(["gpt2"], tmp_path, price={"nosuch": 1.0})
    with pytest.raises(UnknownNameError):
        compare(["gpt2"], tmp_path / "nothing")
    with pytest.raises(OptionError, match="labels"):
        compare(["gpt2"], tmp_path, labels="colour")


def test_equal_names_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path, a="text")
    found = compare(["gpt2", "gpt2"], tmp_path, unreachable=False)
    assert [one.name for one in found.tokenizers] == ["gpt2", "gpt2 (2)"]
    assert "the same number of tokens" in found.verdict[0]


def test_long_lines_and_many_labels_stay_bounded(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_bytes(b"a" * 1_000_000)
    lines = (json.dumps({"text": f"text {n}", "l": f"label{n}"}) for n in range(600))
    (tmp_path / "many.jsonl").write_text("\n".join(lines), encoding="utf-8")
    found = compare(
        ["gpt2"],
        tmp_path / "many.jsonl",
        labels="column:l",
        unreachable=False,
        methods=["compression"],
    )
    assert len(found.labels) == 401
    assert any("too many labels" in warning for warning in found.warnings)
    found = compare(["gpt2"], tmp_path / "long.txt", unreachable=False)
    assert found.bytes == 1_000_000
    assert found.problems["by_kind"] == {"cut": 1}


def test_unreachable_tokens_are_found() -> None:
    from tokenworks.workflows.compare.vocabulary import unreachable_tokens

    found = unreachable_tokens(Tokenizer.load("kl3m-004-char-4k-cased"))
    assert found.count >= 0
    assert len(found.examples) <= 8


def test_numbers_and_small_changes_are_measured(declaration: Comparison) -> None:
    def value(name: str, metric: str, kind: str, group: str = "") -> float:
        wanted = (name, metric, kind, group)
        return next(
            r.value for r in declaration.rows if (r.tokenizer, r.metric, r.kind, r.group) == wanted
        )

    assert value("cl100k_base", "aligned", "category", "longer result") < 20
    for name in NAMES:
        assert 0 <= value(name, "aligned", "all") <= 100
        assert value(name, "token_growth", "category", "upper case") > 1.02


def test_it_is_exported() -> None:
    assert tokenworks.compare is compare


def test_renyi_efficiency_of_the_published_examples() -> None:
    from tokenworks.workflows.compare.vocabulary import renyi_efficiency

    for text, expected, third in (
        ("pick @@ed pick @@l @@ed pick @@les", 0.82651, 0.80315),
        ("pick @@e @@d pick @@l @@e @@d pick @@l @@e @@s", 0.92048, 0.91057),
    ):
        _, counts = np.unique(text.split(), return_counts=True)
        assert renyi_efficiency(counts) == pytest.approx(expected, abs=1e-5)
        assert renyi_efficiency(counts, 3) == pytest.approx(third, abs=1e-5)
    assert renyi_efficiency(np.array([5])) == 0
