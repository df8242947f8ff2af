"""What needs other packages or the network is named before anything is tried."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest

from tokenworks.errors import FormatError, MissingExtraError, OptionError
from tokenworks.text import Problems, documents, sources
from tokenworks.text.hub import parsed


def test_a_dataset_is_named_in_one_url() -> None:
    assert parsed("hf://datasets/org/name") == ("org/name", None, "train", None)
    assert parsed("hf://datasets/name@main:en#test[:1%]") == ("name", "en", "test[:1%]", "main")
    for url in ("hf://datasets/", "hf://datasets/a/b/c"):
        with pytest.raises(FormatError, match="ORG/NAME"):
            parsed(url)


def test_files_of_a_dataset_are_files() -> None:
    (source,) = sources("hf://datasets/org/name/a.jsonl.zst")
    assert (source.format, source.compression) == ("jsonl", "zst")
    (source,) = sources("hf://datasets/org/name")
    assert source.format == "hub"


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match="pip install fsspec"):
        list(documents("memory://a.txt"))
    with pytest.raises(MissingExtraError, match="pip install datasets"):
        list(documents("hf://datasets/org/name"))


def test_offline_forbids_both() -> None:
    for url in ("https://host/a.txt", "hf://datasets/org/name"):
        with pytest.raises(OptionError, match="offline"):
            documents([url], offline=True)


def test_an_unknown_scheme_and_a_missing_object_are_told() -> None:
    with pytest.raises(FormatError, match="cannot be opened"):
        list(documents("nosuch://a.txt"))
    problems = Problems()
    assert list(documents("memory://nothing/here.txt", on_problem=problems)) == []
    assert problems.by_kind == {"unreadable": 1}


def test_records_of_the_hub_are_read_like_any_others(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def load_dataset(name: str, config: str | None, **options: Any) -> list[dict[str, Any]]:
        asked.append((name, config, options))
        return [{"text": "one", "lang": "en"}, {"text": None}, {"text": "two", "lang": "tr"}]

    module = types.SimpleNamespace(load_dataset=load_dataset)
    monkeypatch.setitem(sys.modules, "datasets", module)  # type: ignore[arg-type]
    problems = Problems()
    found = list(documents("hf://datasets/o/n@r:c#test", labels="column:lang", on_problem=problems))
    assert [(d.text, d.position, d.label) for d in found] == [("one", 1, "en"), ("two", 3, "tr")]
    assert problems.by_kind == {"field": 1}
    assert asked == [("o/n", "c", {"split": "test", "revision": "r", "streaming": True})]
