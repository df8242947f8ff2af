"""The embedded declaration: enough languages, whole texts, small on disk."""

from __future__ import annotations

import unicodedata
from importlib.resources import files

import pytest

from tokenworks.data.udhr import declaration, declarations
from tokenworks.errors import UnknownNameError


def test_languages_and_scripts() -> None:
    found = declarations()
    assert len(found) == 126
    assert len({one.script for one in found}) == 33
    assert len({one.code for one in found}) == len({one.bcp47 for one in found}) == len(found)
    assert {one.direction for one in found} == {"ltr", "rtl"}


def test_every_text_is_whole() -> None:
    for one in declarations():
        assert len(one.articles) == 30
        assert all(one.articles), one.language
        assert one.title
        assert unicodedata.is_normalized("NFC", one.text)
        assert "\ufffd" not in one.text


def test_scripts_are_those_of_the_texts() -> None:
    prefixes = {"Han": "CJK", "Japanese": ("HIRAGANA", "KATAKANA", "CJK")}
    for one in declarations():
        prefix = prefixes.get(one.script, one.script.upper())
        letters = [unicodedata.name(c, "") for c in one.text if c.isalpha()]
        share = sum(name.startswith(prefix) for name in letters) / len(letters)
        assert share > 0.9, (one.language, share)


def test_lookup() -> None:
    assert declaration("en") is declaration("eng")
    assert declaration("sw").articles[0].startswith("Watu wote")
    with pytest.raises(UnknownNameError, match="BCP 47"):
        declaration("xx")


def test_it_is_small_and_its_licence_lies_beside_it() -> None:
    data = files("tokenworks.data")
    assert len(data.joinpath("udhr.jsonl.xz").read_bytes()) < 500_000
    assert "Permission is hereby granted" in data.joinpath("udhr.LICENSE.txt").read_text()
