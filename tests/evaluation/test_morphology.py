"""Lexicon readers, MorphScore and compounds."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from assets import asset

from tokenworks import Tokenizer
from tokenworks.errors import FormatError, OptionError
from tokenworks.evaluation.lexicon import Lexicon, Segmented, read_segmented, read_words
from tokenworks.evaluation.morphscore import compoundpiece, morphscore
from tokenworks.evaluation.row import Row
from tokenworks.testing import check

WORDS = {
    "en": [
        Segmented("unhappiness", ("un", "happi", "ness")),
        Segmented("walking", ("walk", "ing")),
        Segmented("cat", ("cat",)),
        Segmented("internationalization", ("inter", "nation", "al", "iz", "ation")),
    ],
    "tr": [Segmented("evlerimizden", ("ev", "ler", "imiz", "den"))],
}


def by_metric(rows: list[Row], group: str) -> dict[str, float]:
    return {row.metric: row.value for row in rows if row.group == group}


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_formats(tmp_path: Path) -> None:
    sigmorphon = write(
        tmp_path,
        "a.tsv",
        "monomethylases\tmono @@methyl @@ase @@s\t110\nretiring\tre @@tire @@ing\t110\n",
    )
    assert read_segmented(sigmorphon) == (
        [Segmented("monomethylases", ("mono", "methyl", "ase", "s"))],
        1,
    )
    derivations = write(
        tmp_path,
        "b.tsv",
        "slow\tslowly\tJ\tR\tly\tsuffix\naxial\tabaxial\tJ\tJ\tab\tprefix\n"
        "China\tChinese\tN\tN\tase\tsuffix\n",
    )
    assert read_segmented(derivations) == (
        [Segmented("slowly", ("slow", "ly")), Segmented("abaxial", ("ab", "axial"))],
        1,
    )
    inflections = write(tmp_path, "c.tsv", "нэр\tнэрийн\tN|GEN;SG\tнэр|ийн\n")
    assert read_segmented(inflections)[0] == [Segmented("нэрийн", ("нэр", "ийн"))]
    plain = write(tmp_path, "d.tsv", "bookshop\tbook-shop\ncat\tcat\n")
    assert [item.boundaries for item in read_segmented(plain)[0]] == [(4,), ()]
    roots = write(
        tmp_path, "e.dict", "adap\nadamkökü [A:CompoundP3sg; Roots:adam-kök]\nadamcıl [P:Adj]\n"
    )
    assert read_segmented(roots)[0] == [Segmented("adamkökü", ("adam", "kökü"))]
    assert read_words(roots) == {"adap", "adamkökü", "adamcıl"}


def test_boundaries_are_in_bytes() -> None:
    assert Segmented("нэрийн", ("нэр", "ийн")).boundaries == (6,)


def test_limit_spreads_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "w.tsv", "".join(f"w{n}\tw|{n}\n" for n in range(100)))
    assert [item.word for item in read_segmented(path, 4)[0]] == ["w0", "w25", "w50", "w75"]
    with pytest.raises(OptionError, match="limit is 0"):
        read_segmented(path, 0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"word\n", "line 1: 1 columns"),
        (b"a\tb\nx\ty\tz\tu\tv\n", "line 2: 5 columns"),
        (b"\xff\tb\n", "not UTF-8"),
    ],
)
def test_bad_files(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "bad.tsv"
    path.write_bytes(data)
    with pytest.raises(FormatError, match=message):
        read_segmented(path)
    with pytest.raises(FormatError, match="cannot read"):
        read_segmented(tmp_path / "absent.tsv")


def test_figures_equal_a_count_by_hand() -> None:
    gpt2 = Tokenizer.load("gpt2")
    found = by_metric(morphscore([gpt2], words=WORDS), "en")
    gold = both = cuts = tried = hits = 0
    for item in WORDS["en"]:
        pieces = [gpt2.token_bytes(int(i)) for i in gpt2.encode(" " + item.word)]
        at, ends = 0, set()
        for piece in pieces[:-1]:
            at += len(piece)
            ends.add(at - 1)
        own = set(item.boundaries)
        gold, both, cuts = gold + len(own), both + len(own & ends), cuts + len(ends)
        if ends:
            tried, hits = tried + len(own), hits + len(own & ends)
    assert found["boundary_recall"] == pytest.approx(100 * both / gold)
    assert found["boundary_precision"] == pytest.approx(100 * both / cuts)
    assert found["boundary_f1"] == pytest.approx(200 * both / (cuts + gold))
    assert found["morphscore"] == pytest.approx(100 * hits / tried)
    assert found["morphscore_coverage"] == pytest.approx(100 * tried / gold)


def test_one_token_per_character_finds_every_boundary() -> None:
    rows = morphscore([character_tokenizer()], words=WORDS)
    for language in WORDS:
        found = by_metric(rows, language)
        assert found["morphscore"] == found["boundary_recall"] == 100
        assert found["tokens_per_word"] > 5
    hard = by_metric(compoundpiece([character_tokenizer()], compounds=WORDS), "tr")
    assert hard == {"hard_compounds": 0, "exact_compounds": 0}


def character_tokenizer() -> Tokenizer:
    from dataclasses import replace

    gpt2 = Tokenizer.load("gpt2")
    model: Any = gpt2.definition.model
    return Tokenizer(
        replace(
            gpt2.definition,
            name="bytes",
            model=replace(model, merges=model.merges[:0], ignore_merges=False),
        )
    )


@pytest.mark.parametrize(
    "bound", [partial(morphscore, words=WORDS), partial(compoundpiece, compounds=WORDS)]
)
def test_laws_with_words(bound: Any) -> None:
    bound.method_info = bound.func.method_info
    check(bound)


def test_lexicon() -> None:
    lexicon = Lexicon.of_segmented(WORDS["tr"])
    assert lexicon.words == {"evlerimizden"}
    assert lexicon.units == {"ev", "ler", "imiz", "den"}


def test_published_lexicons() -> None:
    english, left_out = read_segmented(
        asset("lexicons/sigmorphon2022_seg") / "data/eng.word.dev.tsv", 500
    )
    assert len(english) == 500 and left_out > 0
    compounds, _ = read_segmented(
        asset("lexicons/zemberek_tr") / "morphology/src/main/resources/tr/master-dictionary.dict",
    )
    assert len(compounds) > 300
    names = ("gpt2", "o200k_base")
    rows = morphscore([Tokenizer.load(name) for name in names], words={"en": english})
    for row in rows:
        if row.metric == "boundary_recall":
            assert 10 < row.value < 90
            assert row.low is not None and row.low < row.value
    hard = compoundpiece([Tokenizer.load("o200k_base")], compounds={"tr": compounds})
    assert 5 < by_metric(hard, "tr")["hard_compounds"] < 95
