"""`transplant` on small models of transformers: what is kept, what is refused, what is resumed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GPTNeoXConfig, LlamaConfig

from tokenworks import Tokenizer
from tokenworks.cli import main
from tokenworks.errors import FormatError, OptionError, TokenworksError, WriteError
from tokenworks.registry import methods
from tokenworks.transplant.laws import first_merges
from tokenworks.workflows.transplant import transplant

OLD = first_merges(Tokenizer.load("gpt2"), 500, ("<|endoftext|>",))
NEW = first_merges(Tokenizer.load("kl3m-001-32k"), 620, ("<eos>", "<|im_start|>"))
SMALL: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 128,
    "bos_token_id": 756,
    "eos_token_id": 756,
}


def _model(
    folder: Path, *, tied: bool = True, padding: int = 0, dtype: Any = torch.bfloat16
) -> Path:
    torch.manual_seed(0)
    rows = OLD.max_id_plus_one + padding
    config = LlamaConfig(vocab_size=rows, tie_word_embeddings=tied, **SMALL)
    model = AutoModelForCausalLM.from_config(config).to(dtype)
    OLD.save(folder)
    model.save_pretrained(folder)
    return folder


def _network(folder: Path) -> Path:
    from tokenworks.transplant.hypernetwork import Hypernetwork
    from tokenworks.transplant.hypernetwork_folder import save_hypernetwork
    from tokenworks.transplant.hypernetwork_shape import Shape

    width, rows = SMALL["hidden_size"], OLD.max_id_plus_one
    shape = Shape(width, rows, True, hidden=16, inner=32, layers=1, heads=2)
    folder.mkdir()
    save_hypernetwork(Hypernetwork(shape), folder)
    return folder


@pytest.fixture(scope="module")
def tied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _model(tmp_path_factory.mktemp("tied") / "model")


METHODS = [one.name for one in methods("transplant") if "initializer" in one.declares]


def _needs(folder: Path, method: str, donor: Path) -> dict[str, Any]:
    """What a method may ask for."""
    text = str(_text(folder))
    return {
        "method": method,
        "donor": donor if method == "omp" else None,
        "hypernetwork": _network(folder / "network") if method == "zett" else None,
        "on": [text],
        "parallel": (text, text),
        "score": False,
    }


@pytest.mark.parametrize("method", METHODS)
def test_the_same_vocabulary_gives_the_same_files(tied: Path, tmp_path: Path, method: str) -> None:
    result = transplant(tied, OLD, out=tmp_path / "new", **_needs(tmp_path, method, tied))
    before, after = (
        load_file(tied / "model.safetensors"),
        load_file(tmp_path / "new/model.safetensors"),
    )
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert result.ok and result.origins["shared"] == OLD.n_tokens


@pytest.fixture(scope="module")
def donor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that has the new vocabulary."""
    folder = tmp_path_factory.mktemp("donor") / "model"
    torch.manual_seed(1)
    config = LlamaConfig(vocab_size=NEW.max_id_plus_one, tie_word_embeddings=True, **SMALL)
    NEW.save(folder)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("method", METHODS)
def test_every_result_opens_in_transformers_and_generates(
    tied: Path, donor: Path, tmp_path: Path, method: str
) -> None:
    transplant(tied, NEW, out=tmp_path / "new", **_needs(tmp_path, method, donor))
    opened = AutoModelForCausalLM.from_pretrained(tmp_path / "new")
    read = AutoTokenizer.from_pretrained(tmp_path / "new")
    given = torch.tensor([read("All human beings").input_ids])
    assert given[0].tolist() == NEW.encode("All human beings").tolist()
    made = opened.generate(given, max_new_tokens=4, min_new_tokens=4, do_sample=False)
    assert made.shape == (1, given.shape[1] + 4) and read.decode(made[0])


@pytest.mark.parametrize("is_tied", [True, False])
def test_it_opens_in_transformers_and_shared_logits_are_equal(
    tmp_path: Path, is_tied: bool
) -> None:
    model = _model(tmp_path / "old", tied=is_tied, padding=768 - OLD.max_id_plus_one)
    result = transplant(model, NEW, out=tmp_path / "new", method="fvt")
    checks = {check.name: check.held for check in result.checks}
    assert checks == {"shared rows": True, "logits of shared tokens": True, "generation": True}
    assert result.scored is not None and result.scored.bits_per_byte_after > 0
    opened = AutoModelForCausalLM.from_pretrained(tmp_path / "new")
    assert opened.config.vocab_size == result.rows_after == 1024 - 128
    assert opened.config.eos_token_id == NEW.definition.eos_id
    assert opened.generation_config.eos_token_id == NEW.definition.eos_id
    given, head = opened.get_input_embeddings().weight, opened.get_output_embeddings().weight
    assert (given.data_ptr() == head.data_ptr()) is is_tied
    assert given.dtype == torch.bfloat16 and torch.isfinite(given).all()
    again = Tokenizer.load(tmp_path / "new")
    text = "All human beings are born free <eos>, \u00e9gaux"
    assert np.array_equal(again.encode(text, specials="allow"), NEW.encode(text, specials="allow"))
    generated = opened.generate(torch.tensor([[5, 6, 7]]), max_new_tokens=5, do_sample=False)
    assert generated.shape == (1, 8)


def test_a_bias_of_the_output_moves_along(tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_config(GPTNeoXConfig(vocab_size=OLD.max_id_plus_one, **SMALL))
    OLD.save(tmp_path / "old")
    model.save_pretrained(tmp_path / "old")
    path = tmp_path / "old/model.safetensors"
    tensors = load_file(path)
    tensors["embed_out.bias"] = torch.arange(float(OLD.max_id_plus_one))
    save_file(tensors, path, metadata={"format": "pt"})
    result = transplant(tmp_path / "old", NEW, out=tmp_path / "new", method="mean", score=False)
    bias = load_file(tmp_path / "new/model.safetensors")["embed_out.bias"]
    assert bias.shape == (NEW.max_id_plus_one,) and result.ok and not result.tied
    rows = (tmp_path / "new/rows.tsv").read_text().splitlines()[1:]
    shared = next(row.split("\t") for row in rows if "\tshared\t" in row)
    assert bias[int(shared[0])] == int(shared[3].split(":")[0])


def _sharded(tmp_path: Path) -> Path:
    source = _model(tmp_path / "single", tied=False)
    tensors = load_file(source / "model.safetensors")
    names = sorted(tensors)
    folder = tmp_path / "sharded"
    shutil.copytree(source, folder)
    (folder / "model.safetensors").unlink()
    groups = {
        "model-00001-of-00003.safetensors": [one for one in names if "embed_tokens" in one],
        "model-00002-of-00003.safetensors": [one for one in names if "layers" in one],
        "model-00003-of-00003.safetensors": [
            one for one in names if "layers" not in one and "embed_tokens" not in one
        ],
    }
    for name, group in groups.items():
        save_file({one: tensors[one] for one in group}, folder / name, metadata={"format": "pt"})
    found = {one: name for name, group in groups.items() for one in group}
    index = {"metadata": {"total_size": 1}, "weight_map": found}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def test_untouched_shards_are_linked(tmp_path: Path) -> None:
    folder = _sharded(tmp_path)
    result = transplant(folder, NEW, out=tmp_path / "new", method="mean")
    assert result.shards["linked"] == ["model-00002-of-00003.safetensors"]
    assert result.ok and result.scored is not None
    one, two = (at / "model-00002-of-00003.safetensors" for at in (folder, tmp_path / "new"))
    assert one.samefile(two)
    total = json.loads((tmp_path / "new/model.safetensors.index.json").read_text())["metadata"]
    assert total["total_size"] == sum(
        tensor.numel() * tensor.element_size()
        for shard in (tmp_path / "new").glob("*.safetensors")
        for tensor in load_file(shard).values()
    )


def _truncate(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def _say(name: str, value: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        config[name] = value
        (folder / "config.json").write_text(json.dumps(config))

    return change


def _damage(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["model.embed_tokens.weight"][300, 3] = float("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _cut_rows(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["model.embed_tokens.weight"] = tensors["model.embed_tokens.weight"][:700].clone()
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _other_tokenizer(folder: Path) -> None:
    for file in folder.glob("token*"):
        file.unlink()
    other = Tokenizer.load("kl3m-004-char-4k-cased")
    other.save(folder / "t")
    for file in (folder / "t").iterdir():
        file.replace(folder / file.name)


def _integers(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["model.embed_tokens.weight"] = tensors["model.embed_tokens.weight"].to(torch.int8)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def _second_matrix(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    tensors["model.embed_per_layer.weight"] = torch.zeros(OLD.max_id_plus_one, 4)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


LOST = next(  # an old token that the new vocabulary lacks
    number
    for number in range(500, 750)
    if Tokenizer.load("kl3m-001-32k").id_of(OLD.token_bytes(number)) is None
)
FAULTS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "truncated": (_truncate, "truncated"),
    "rows of the config": (_say("vocab_size", 700), "config.json says vocab_size 700"),
    "rows of the matrix": (_cut_rows, "has 700 rows"),
    "nan": (_damage, r"row 300 of model.embed_tokens.weight .* NaN"),
    "tokenizer": (_other_tokenizer, "do not belong together"),
    "adapter": (lambda one: (one / "adapter_config.json").write_text("{}"), "adapter"),
    "quantized": (_say("quantization_config", {"bits": 4}), "is quantized"),
    "integers": (_integers, "is I8"),
    "no weights": (lambda one: (one / "model.safetensors").unlink(), "no model.safetensors"),
    "not tied": (_say("tie_word_embeddings", False), "there is none"),
    "second matrix": (_second_matrix, "also has one row for each"),
    "image token": (_say("image_token_id", LOST), f"image_token_id is {LOST}"),
    "config": (lambda one: (one / "config.json").write_text("{"), "no JSON"),
    "generation": (
        lambda one: (one / "generation_config.json").write_text("[1"),
        "generation_config.json: .*JSON",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_models_are_refused_with_the_reason(
    tied: Path, tmp_path: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "old"
    shutil.copytree(tied, folder)
    change, message = FAULTS[fault]
    change(folder)
    new = "kl3m-001-32k"
    with pytest.raises(TokenworksError, match=message) as caught:
        transplant(folder, Tokenizer.load(new), out=tmp_path / "new")
    assert str(folder) in str(caught.value) or "config.json" in str(caught.value)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["old"], "something is left behind"
    assert main(["transplant", str(folder), new, "-o", str(tmp_path / "new")]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_tokenizer_of_far_fewer_tokens_is_doubted(tmp_path: Path) -> None:
    folder = _model(tmp_path / "old", padding=300)
    result = transplant(folder, NEW, out=tmp_path / "new", method="mean", score=False)
    assert any("300 padding rows" in n and "of this model?" in n for n in result.notes)
    folder = _model(tmp_path / "padded", padding=11)
    result = transplant(folder, NEW, out=tmp_path / "other", method="mean", score=False)
    assert not any("of this model?" in note for note in result.notes)


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    folder = _sharded(tmp_path)
    (folder / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(FormatError, match="model-00002-of-00003"):
        transplant(folder, NEW, out=tmp_path / "new")


def test_a_full_disk_leaves_nothing(
    tied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    kept = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, kept[1]))
    try:
        with pytest.raises(WriteError, match="cannot write"):
            transplant(tied, NEW, out=tmp_path / "new", score=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, kept)
        signal.signal(signal.SIGXFSZ, old)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_goes_on(tied: Path, donor: Path, tmp_path: Path) -> None:
    def stop(what: str, done: int, of: int) -> None:
        if what == "writing":
            raise KeyboardInterrupt

    options: dict[str, Any] = {"out": tmp_path / "new", "method": "omp", "donor": donor}
    with pytest.raises(KeyboardInterrupt):
        transplant(tied, NEW, told=stop, score=False, **options)
    work = tmp_path / ".new.transplant/work"
    assert [one.suffix for one in work.iterdir()] == [".npz"] and not (tmp_path / "new").exists()
    result = transplant(tied, NEW, score=False, **options)
    assert any("went on" in note for note in result.notes) and not work.exists()
    again = transplant(tied, NEW, score=False, **{**options, "out": tmp_path / "again"})
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("new", "again"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert again.figures == result.figures
    with pytest.raises(OptionError, match="not empty"):
        transplant(tied, NEW, score=False, **options)
    with pytest.raises(OptionError, match="is the model itself"):
        transplant(tied, NEW, out=tied)
    with pytest.raises(FormatError, match="donor's tokenizer has other ids"):
        transplant(tied, OLD, score=False, **{**options, "out": tmp_path / "third"})


def test_the_command_writes_a_page(tied: Path, tmp_path: Path, capsys: Any) -> None:
    NEW.save(tmp_path / "t")
    arguments = [str(tied), str(tmp_path / "t"), "--method", "fvt", "--option", "variant=last"]
    assert main(["transplant", *arguments, "-o", str(tmp_path / "new"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["ok"] and said["options"] == {"variant": "last"}
    page = (tmp_path / "new/report.html").read_text()
    assert "checks held" in page and "bits per byte after" in page and "<script src" not in page
    assert json.loads((tmp_path / "new/manifest.json").read_text())["transplant"]["ok"]
    for option, message in (("x", "NAME=VALUE"), ("x=1", "its options: variant")):
        out = str(tmp_path / "other")
        assert main(["transplant", *arguments[:4], "--option", option, "-o", out]) == 2
        assert message in capsys.readouterr().err


def test_a_folder_around_the_model_is_never_replaced(tied: Path, tmp_path: Path) -> None:
    shutil.copytree(tied, tmp_path / "models/mine")
    with pytest.raises(OptionError, match=r"holds folders \(mine\), which are not overwritten"):
        transplant(tmp_path / "models/mine", NEW, out=tmp_path / "models", overwrite=True)
    assert (tmp_path / "models/mine/model.safetensors").exists()


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"share": "1.5"}, "between 0 and 1"),
        ({"share": "nan"}, "between 0 and 1"),
        ({"temperature": "0"}, "above 0"),
        ({"temperature": "nan"}, "above 0"),
    ],
)
def test_weights_that_cannot_be_are_refused(
    tied: Path, tmp_path: Path, option: dict[str, str], told: str
) -> None:
    with pytest.raises(OptionError, match=told):
        transplant(tied, NEW, out=tmp_path / "new", method="token-adapt", options=option)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("whole", [False, True])
def test_healing_trains_what_it_says(tied: Path, tmp_path: Path, whole: bool) -> None:
    text = [str(_text(tmp_path))]
    out = {name: tmp_path / name for name in ("raw", "healed")}
    transplant(tied, NEW, out=out["raw"], method="mean", score=False)
    result = transplant(
        tied, NEW, out=out["healed"], method="mean", on=text, heal=12, heal_all=whole
    )
    assert result.scored is not None and result.scored.bits_per_byte_healed is not None
    assert result.scored.bits_per_byte_healed < result.scored.bits_per_byte_after
    assert result.healing["loss_last"] < result.healing["loss_first"]
    one, two = (load_file(folder / "model.safetensors") for folder in out.values())
    changed = {name for name in one if not torch.equal(one[name], two[name])}
    assert (changed == {"model.embed_tokens.weight"}) is not whole
    assert {tensor.dtype for tensor in two.values()} == {torch.bfloat16}
    with pytest.raises(OptionError, match="--on"):
        transplant(tied, NEW, out=tmp_path / "other", heal=3)


def test_a_sentence_encoder_says_what_is_alike(tied: Path, tmp_path: Path) -> None:
    from transformers import BertConfig, BertModel

    from tokenworks.workflows.transplant.encoder import sentence_encoder

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=OLD.max_id_plus_one,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    OLD.save(tmp_path / "bert")
    BertModel(config).eval().save_pretrained(tmp_path / "bert")
    encode = sentence_encoder(tmp_path / "bert")
    texts = ["one text", "another, longer text than that", "", "one text"]
    found = encode(texts)
    assert found.shape == (4, 16) and np.array_equal(found[0], found[3]) and not found[2].any()
    assert np.allclose(encode(texts[1:2])[0], found[1], atol=1e-5), "padding does not matter"
    out = {name: tmp_path / name for name in ("plain", "encoded")}
    transplant(tied, NEW, out=out["plain"], method="token-adapt", score=False)
    options: dict[str, Any] = {"encoder": tmp_path / "bert", "score": False}
    transplant(tied, NEW, out=out["encoded"], method="token-adapt", **options)
    one, two = (load_file(folder / "model.safetensors") for folder in out.values())
    assert not torch.equal(one["model.embed_tokens.weight"], two["model.embed_tokens.weight"])
    (tmp_path / "bert/model.safetensors").unlink()
    with pytest.raises(FormatError, match=r"no model\.safetensors"):
        transplant(tied, NEW, out=tmp_path / "no", method="token-adapt", **options)


def test_a_twentieth_is_held_out(tmp_path: Path) -> None:
    from tokenworks.workflows.transplant.material import read_texts

    path = tmp_path / "long.txt"
    path.write_text("\n".join(f"line {number} of a long text" for number in range(9000)))
    texts = read_texts([str(path)])
    held, given = sum(map(len, texts.scored)), sum(map(len, texts.given))
    assert 0.03 < held / (held + given) < 0.07 and "held out" in texts.name
    assert not set("\n".join(texts.scored).split("\n")) & set("\n".join(texts.given).split("\n"))


def test_rows_stay_exact_in_every_type(tmp_path: Path) -> None:
    from tokenworks.workflows.transplant.stored_rows import decoded, encoded

    values = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)
    values[0] = [np.inf, -np.inf, np.nan, 0, -0.0, 1e-40, 3e38]
    for name, kind in (("F32", torch.float32), ("F16", torch.float16), ("BF16", torch.bfloat16)):
        expected = torch.from_numpy(values).to(kind)
        with np.errstate(over="ignore"):
            data = np.frombuffer(encoded(values, name), np.uint8)
        found = decoded(data.reshape(50, -1).copy(), name, 7)
        assert np.array_equal(found, expected.float().numpy(), equal_nan=True), name
        again = np.frombuffer(encoded(found, name), np.uint8)
        assert np.array_equal(again[data.itemsize * 14 :], data[data.itemsize * 14 :])


def _text(folder: Path) -> Path:
    from tokenworks.data.udhr import declaration

    path = folder / "text.txt"
    path.write_text("\n\n".join(" ".join(a.split()) for a in declaration("en").articles * 4))
    return path
