"""`train` from the command line and from Python: real runs, files, options, and bad input."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from pathlib import Path

import pytest

import tokenworks as tw
from tokenworks.cli import main
from tokenworks.data.udhr import declarations
from tokenworks.errors import OptionError, UnknownNameError
from tokenworks.registry import methods
from tokenworks.text import Mix
from tokenworks.training.source import TextSource


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    for one in declarations()[:24]:
        (folder / f"{one.code}.txt").write_text(one.text, encoding="utf-8")
    return folder


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.mark.parametrize("algorithm", [info.name for info in methods("training")])
def test_a_trained_folder_opens_everywhere(
    corpus: Path, tmp_path: Path, algorithm: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from transformers import AutoTokenizer

    out = tmp_path / "out"
    arguments = ("--vocab-size", 1500, "--algorithm", algorithm, "--special", "<|end|>")
    assert run("train", corpus, *arguments, "-o", out, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["tokens"] == 1500
    ours, theirs = tw.Tokenizer.load(out), AutoTokenizer.from_pretrained(str(out))
    assert len(theirs) == ours.n_tokens == 1500
    assert ours.sha256 == said["sha256"]
    assert theirs.convert_tokens_to_ids("<|end|>") == 0
    for one in declarations()[:24]:
        ids = theirs.encode(one.text, add_special_tokens=False)
        assert theirs.decode(ids) == one.text
        if ours.definition.two_phase is None:
            assert ours.encode(one.text).tolist() == ids
    if ours.definition.two_phase is not None:
        single = ours.definition.two_phase.single_pass
        assert single is not None
        assert single == said["single_pass"]
        assert single["documents"] == 24
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["training"]["options"]["vocab_size"] == 1500


def test_counts_can_be_kept_and_joined(corpus: Path, tmp_path: Path) -> None:
    files = sorted(corpus.iterdir())
    whole = tw.train(corpus, vocab_size=900, pattern="gpt2")
    for index, part in enumerate((files[:9], files[9:])):
        tw.train(part, vocab_size=300, pattern="gpt2", save_counts=tmp_path / f"{index}.arrow")
    counted = [tmp_path / "0.arrow", tmp_path / "1.arrow"]
    again = tw.train(counted, vocab_size=900, pattern="gpt2")
    assert again.tokenizer.sha256 == whole.tokenizer.sha256
    with pytest.raises(OptionError, match="counted with the pattern"):
        tw.train(counted, vocab_size=900, pattern="o200k")
    with pytest.raises(OptionError, match="counts hold words but not their order"):
        tw.train(counted, vocab_size=900, pattern="gpt2", algorithm="boundlessbpe")
    with pytest.raises(OptionError, match="cannot be mixed"):
        tw.train([*counted, files[0]], vocab_size=900, pattern="gpt2")
    with pytest.raises(OptionError, match="ask for at most that"):
        tw.train(counted, vocab_size=900_000, pattern="gpt2")


def test_a_source_of_texts() -> None:
    trained = tw.train(
        TextSource.of_texts([one.text for one in declarations()[:9]]), vocab_size=500
    )
    assert trained.tokenizer.n_tokens == 500
    assert trained.counts is not None
    assert trained.counts.distinct > 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--algorithm", "superbp"), "did you mean superbpe"),
        (("--pattern", "cl100"), "did you mean cl100k"),
        (("--vocab-size", "200"), "take 256 already"),
        (("--vocab-size", "900000"), "cannot be reached"),
        (("--transition", "0.5"), "bpe takes no option 'transition'; it takes pattern"),
        (("--memory", "lots"), "--memory 'lots' is no size"),
        (("--memory", "1MB"), "that takes 151 MB at the least"),
        (("--reserved", "-1"), "reserved is -1"),
        (("--temperature", "0"), "temperature is 0.0; it must be above 0"),
        (("--held-out", "nowhere.txt"), "there is no file or folder nowhere.txt"),
        (("--engine", "rays"), "--engine 'rays' is not one of threads, processes, ray"),
        (("--base", "gpt3"), "no file, folder or embedded tokenizer 'gpt3'"),
        (("--labels", "files", "--mix", "a=1"), "it must be folder, file, named, column:NAME"),
        (("--normalizer", "nfcc"), "unknown normalizer 'nfcc'; did you mean nfc"),
        (("--digits", "2"), "digits '2' is not one of none, 1, 3, 3-right"),
    ],
)
def test_bad_options(
    corpus: Path,
    tmp_path: Path,
    arguments: tuple[str, ...],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ("--vocab-size", "500") if "--vocab-size" not in arguments else ()
    assert run("train", corpus, *given, *arguments, "-o", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert message in error.replace("\n", " ")
    assert "Traceback" not in error
    assert not (tmp_path / "out").exists()


def test_bad_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    out = tmp_path / "out"
    for corpus, message in ((empty, "no text"), (tmp_path / "absent.txt", "absent.txt")):
        assert run("train", corpus, "--vocab-size", 300, "-o", out) == 2
        assert message in capsys.readouterr().err
    assert run("train", empty, "--vocab-size", 300, "-o", empty) == 2
    assert "exists already" in capsys.readouterr().err


def test_the_manifest_has_one_hash_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("texts/b/x.txt", "texts/a.txt", "one.txt"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(f"words of {name}\n" * 9, encoding="utf-8")
    tw.train(["texts", "one.txt"], vocab_size=270).save("out")
    found = json.loads(Path("out/manifest.json").read_text(encoding="utf-8"))["inputs_sha256"]
    listed = "".join(
        f"{hashlib.sha256(Path(name).read_bytes()).hexdigest()}  {name}\n"
        for name in ("texts/a.txt", "texts/b/x.txt")
    )
    assert found["texts"] == hashlib.sha256(listed.encode()).hexdigest()
    assert found["one.txt"] == hashlib.sha256(Path("one.txt").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_frequency": -1}, "min_frequency is -1"),
        ({"max_token_length": 0}, "max_token_length is 0"),
        ({"algorithm": "superbpe", "max_words": -3}, "max_words is -3"),
        ({"vocab_size": 10**20}, "fewer than 134,217,728 tokens"),
        ({"pad_to_multiple": 10**12}, "fewer than 134,217,728 tokens"),
        ({"algorithm": "superbpe", "transition": 300, "vocab_size": 5000}, "let words end later"),
    ],
)
def test_numbers_out_of_range(options: dict[str, object], message: str, corpus: Path) -> None:
    with pytest.raises(OptionError, match=message):
        tw.train(corpus / "bre.txt", **{"vocab_size": 400, **options})


def test_a_mixture_of_what_was_named(tmp_path: Path, corpus: Path) -> None:
    for language in ("afr", "bre"):
        (tmp_path / language / "below").mkdir(parents=True)
        text = (corpus / f"{language}.txt").read_text(encoding="utf-8")
        (tmp_path / language / "below" / "text.txt").write_text(text, encoding="utf-8")
    named = [tmp_path / "afr", f"{tmp_path}/bre/**"]
    mix = Mix({"afr": 1, "bre": 1})
    found = tw.train(named, vocab_size=400, mix=mix).mix
    assert found is not None and set(found["labels"]) == {"afr", "bre"}
    with pytest.raises(UnknownNameError, match="labels: below"):
        tw.train(named, vocab_size=400, mix=Mix({"afr": 1, "other": 1}))


@pytest.mark.parametrize("algorithm", ["superbpe", "boundlessbpe"])
def test_superwords_of_standard_input_are_refused_before_it_is_read(
    algorithm: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.BytesIO(b"words " * 100_000)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
    with pytest.raises(OptionError, match="standard input can be read once"):
        tw.train("-", vocab_size=300, algorithm=algorithm)
    assert stream.tell() < 100_000
