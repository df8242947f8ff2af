"""`--fix` writes beside the file, changes nothing else, and what it writes loads."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import tokenizers
from assets import asset

from tokenworks.errors import WriteError
from tokenworks.workflows.doctor import doctor
from tokenworks.workflows.doctor.mend import to_newer, to_older

sys.path.insert(0, str(Path(__file__).parent))
import small
from faults_json import header_line, string_merges


def test_pairs_become_the_older_form(tmp_path: Path) -> None:
    path = small.write(tmp_path / "tokenizer.json", small.bpe())
    before = path.read_bytes()
    (mend,) = doctor(path, fix=True).mends
    assert mend.proved, mend.proof
    assert "same ids" in mend.proof
    assert Path(mend.path).name == "tokenizer.older.json"
    assert json.loads(Path(mend.path).read_text())["model"]["merges"][0] == "h e"
    assert path.read_bytes() == before
    again = doctor(path, fix=True).mends
    assert again[0].path == mend.path  # the same content is not written twice
    assert len(list(tmp_path.iterdir())) == 2


def test_strings_become_the_newer_form_and_back(tmp_path: Path) -> None:
    value = small.bpe()
    value["model"]["merges"] = [" ".join(m) for m in value["model"]["merges"]]
    (mend,) = doctor(small.write(tmp_path / "tokenizer.json", value), fix=True).mends
    assert mend.proved
    newer = json.loads(Path(mend.path).read_text())
    assert newer == small.bpe()
    assert to_older(newer)
    assert newer == value


def test_metaspace_has_three_spellings() -> None:
    value = small.unigram()
    assert to_older(value)
    assert value["pre_tokenizer"]["add_prefix_space"] is True
    assert to_newer(value)
    assert value == small.unigram()


def test_a_unigram_tokenizer_gets_the_older_metaspace(tmp_path: Path) -> None:
    (mend,) = doctor(small.write(tmp_path / "tokenizer.json", small.unigram()), fix=True).mends
    assert mend.proved
    older = json.loads(Path(mend.path).read_text(encoding="utf-8"))
    assert older["decoder"]["add_prefix_space"] is True


def test_faults_are_mended(tmp_path: Path) -> None:
    value = small.bpe()
    header_line(value)
    value["model"]["type"] = "bpe"
    value["version"] = None
    del value["pre_tokenizer"]["trim_offsets"]
    del value["added_tokens"][0]["normalized"]
    value["added_tokens"][1]["special"] = 1
    value["decoder"]["use_regex"] = None
    path = tmp_path / "tokenizer.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(value, ensure_ascii=False).encode())
    (mend,) = doctor(path, fix=True).mends
    assert mend.proved, mend.proof
    assert len(mend.changes) >= 7, mend.changes
    assert doctor(mend.path).healthy, doctor(mend.path).findings
    good, mended = (
        tokenizers.Tokenizer.from_str(json.dumps(small.bpe())),
        tokenizers.Tokenizer.from_file(mend.path),
    )
    assert good.encode("hello world").ids == mended.encode("hello world").ids


def test_mixed_merges_and_an_old_metaspace(tmp_path: Path) -> None:
    value = small.bpe()
    string_merges(value)
    (mend,) = doctor(small.write(tmp_path / "tokenizer.json", value), fix=True).mends
    assert (
        json.loads(Path(mend.path).read_text())["model"]["merges"] == small.bpe()["model"]["merges"]
    )
    value = small.unigram()
    value["pre_tokenizer"] = {"type": "Metaspace", "replacement": "▁", "add_prefix_space": False}
    (tmp_path / "u").mkdir()
    (mend,) = doctor(small.write(tmp_path / "u" / "tokenizer.json", value), fix=True).mends
    assert mend.proved
    assert json.loads(Path(mend.path).read_text())["pre_tokenizer"]["prepend_scheme"] == "never"


def test_what_cannot_be_mended_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text('{"version": "1.0", "model": {"type"')
    assert doctor(path, fix=True).mends == ()
    value = small.bpe()
    value["model"]["vocab"]["h e"] = 264
    value["model"]["merges"].append(["h ", "e"])  # a space: only pairs can say it
    small.write(path, value)
    assert all("older" not in m.path for m in doctor(path, fix=True).mends)


def test_a_mended_file_that_does_not_load_is_not_written(tmp_path: Path) -> None:
    value = small.bpe()
    value["model"]["type"] = "bpe"
    value["model"]["merges"].append(["zq", "h"])
    (mend,) = doctor(small.write(tmp_path / "tokenizer.json", value), fix=True).mends
    assert (mend.path, mend.proved) == ("", False)
    assert "zq" in mend.proof
    assert [p.name for p in tmp_path.iterdir()] == ["tokenizer.json"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = small.write(tmp_path / "tokenizer.json", small.bpe())
    other = tmp_path / "tokenizer.older.json"
    other.write_text("mine")
    (mend,) = doctor(path, fix=True).mends
    assert other.read_text() == "mine"
    assert Path(mend.path).name == "tokenizer.older.2.json"


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = small.write(tmp_path / "tokenizer.json", small.bpe())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(WriteError, match="older"):
        doctor(path, fix=True)
    assert [p.name for p in tmp_path.iterdir()] == ["tokenizer.json"]


@pytest.mark.parametrize("name", ["gpt-2", "kl3m-004-char-4k-cased"])
def test_real_tokenizers_in_the_other_form_have_the_same_ids(name: str, tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(asset(f"tokenizers/{name}.json").read_bytes())
    (mend,) = doctor(path, fix=True).mends
    assert mend.proved, mend.proof
