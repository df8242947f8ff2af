"""The hypernetwork: what it reads, what is drawn for it, what it learns, and the published layout."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from lm import tiny
from safetensors.torch import load_file, save_file

import tokenworks as tw
from tokenworks.data.udhr import declaration, declarations
from tokenworks.errors import FormatError, OptionError, UnsupportedError
from tokenworks.lm.fitting import Training
from tokenworks.lm.recipe import Recipe
from tokenworks.registry import resolve
from tokenworks.transplant.embeddings import Embeddings, Held, whole
from tokenworks.transplant.hypernetwork import Hypernetwork
from tokenworks.transplant.hypernetwork_folder import load_hypernetwork, save_hypernetwork
from tokenworks.transplant.hypernetwork_rows import HypernetworkRows
from tokenworks.transplant.hypernetwork_shape import Shape
from tokenworks.transplant.initialization import Given
from tokenworks.transplant.sampled_vocabularies import QUEUE, VocabularySampler
from tokenworks.transplant.surface_forms import SurfaceForms
from tokenworks.transplant.text_slices import TextSlices
from tokenworks.transplant.zett_objective import Objective

TEXT = "\n".join(one.text for one in declarations()[::16])
TOKENS = [b" freedom", b"rights and", b"the", b"\xff\xfe", " Würde".encode(), b"x" * 40]


def _texts(many: int = 4, characters: int = 200) -> TextSlices:
    return TextSlices(TEXT, many=many, characters=characters)


def _network(*, tied: bool = True, width: int = 32, residual: bool = True) -> Hypernetwork:
    torch.manual_seed(3)
    shape = Shape(width, 416, tied, hidden=32, inner=64, layers=1, heads=2, residual=residual)
    return Hypernetwork(shape)


def _embeddings(network: Hypernetwork) -> Embeddings:
    random = np.random.default_rng(0)
    rows = random.normal(size=(2, 416, network.shape.width)).astype(np.float32)
    return Embeddings(Held(rows[0]), None if network.shape.tied else Held(rows[1]))


def test_the_form_of_an_old_token_is_itself_and_others_are_cut() -> None:
    old = tiny.tokenizer()
    forms = SurfaceForms(old, 7)
    special = set(old.specials.values())
    for number in old.definition.model.ids.tolist():
        if number not in special:
            assert forms.of([old.token_bytes(number)]) == [(number,)]
    spelled = dict(zip(TOKENS, forms.of(TOKENS), strict=True))
    assert b"".join(map(old.token_bytes, spelled[b" freedom"])) == b" freedom"
    assert b"".join(map(old.token_bytes, spelled[b"\xff\xfe"])) == b"\xff\xfe"
    assert len(spelled[b"x" * 40]) == 7
    assert forms.extra == 0 and forms.of([b""]) == [()]


def test_bytes_that_a_vocabulary_lacks_have_numbers_of_their_own() -> None:
    from tokenworks.tokenizer.definition import Definition, Unigram

    pieces = (b"a", b"b", b"ab", b"<unk>")
    scores = np.array([-1.0, -1.0, -0.5, -9.0])
    model = Unigram(pieces, np.arange(4, dtype=np.uint32), scores, unk_id=3)
    old = tw.Tokenizer(Definition("three", model))
    forms = SurfaceForms(old, 7)
    assert forms.extra == 254
    assert forms.of([b"ab", b"ca", b"\x00b"]) == [(2,), (-1 - (ord("c") - 2), 0), (-1, 1)]
    with pytest.raises(OptionError, match="lacks 254 single bytes, the hypernetwork knows 3"):
        SurfaceForms(old, 7, extra=3)


def test_drawn_vocabularies_hold_every_byte_and_just_as_many_tokens() -> None:
    sampler = VocabularySampler(_texts(), 600, superwords=0.5, seed=1)
    seen = set()
    for number in range(QUEUE, QUEUE + 6):
        drawn = sampler.draw(number)
        assert len(drawn.tokens) == len(set(drawn.tokens)) == 600
        assert {bytes([value]) for value in range(256)} <= set(drawn.tokens)
        for text in (declaration("el").articles[3], "\x00 ﷽\n\n  "):
            ids = drawn.tokenizer.encode(text)
            assert b"".join(drawn.tokens[one] for one in ids) == text.encode()
        seen.add(drawn.tokens)
    assert len(seen) == 6, "the same vocabulary twice"


def test_a_draw_depends_on_its_number_alone() -> None:
    first = VocabularySampler(_texts(), 500, superwords=0.5, seed=1)
    drawn = [first.draw(number) for number in range(QUEUE, 3 * QUEUE, 9)]
    for vocabulary, number in zip(drawn, range(QUEUE, 3 * QUEUE, 9), strict=True):
        again = VocabularySampler(_texts(), 500, superwords=0.5, seed=1).draw(number)
        assert again.tokens == vocabulary.tokens
        assert again.tokenizer == vocabulary.tokenizer


def test_without_noise_the_most_frequent_substrings_are_drawn() -> None:
    one, other = (
        VocabularySampler(_texts(), 500, noise=0, seed=seed).draw(QUEUE) for seed in (1, 2)
    )
    assert one.tokens == other.tokens
    noisy = VocabularySampler(_texts(), 500, seed=1).draw(QUEUE)
    assert noisy.tokens != one.tokens


def test_too_little_text_for_a_vocabulary_is_said() -> None:
    with pytest.raises(OptionError, match=r"substrings, a vocabulary needs 9,000; give more text"):
        VocabularySampler(lambda number: ["a short text"], 9000).draw(0)
    with pytest.raises(OptionError, match="cannot hold all bytes"):
        VocabularySampler(lambda number: [], 200)
    with pytest.raises(FormatError, match="at least 400"):
        TextSlices("short", many=1, characters=200)


@pytest.mark.parametrize("tied", [True, False])
def test_rows_do_not_depend_on_the_other_tokens(tied: bool) -> None:
    network = _network(tied=tied, residual=False)
    rows = HypernetworkRows(network, tiny.tokenizer(), _embeddings(network))
    for part in ("input", "output")[: 1 if tied else 2]:
        together = rows.make(TOKENS, part)
        alone = np.concatenate([rows.make([token], part) for token in TOKENS])
        assert np.abs(together - alone).max() < 1e-5
        assert np.abs(together).max() > 0.01


def test_an_untrained_residual_network_gives_the_mean_of_the_pieces() -> None:
    network = _network()
    embeddings = _embeddings(network)
    made = HypernetworkRows(network, tiny.tokenizer(), embeddings).make([b" freedom"])
    form = SurfaceForms(tiny.tokenizer(), 7).of([b" freedom"])[0]
    assert len(form) > 1
    assert np.allclose(made[0], embeddings.input.take(np.array(form)).mean(axis=0), atol=1e-5)


def _objective(model, network: Hypernetwork, mimic: int) -> Objective:
    texts = _texts()
    sampler = VocabularySampler(texts, 400, superwords=0.3)
    return Objective(model, network, texts, sampler, length=32, mimic=mimic)


def test_the_warm_up_alone_makes_the_old_rows(tmp_path: Path) -> None:
    model = tw.lm.load(tiny.save(tmp_path, "llama", tie=True), device="cpu")
    network = _network(residual=False)
    rows = model.input_embeddings.float()
    network.measure(rows[:400])
    objective = _objective(model, network, 300)
    recipe = Recipe(steps=300, matrix_rate=0.05, other_rate=0.01, warmup=10)
    training = Training(network, recipe, bf16=False, objective=objective)
    losses = [step.loss for step in training.fit(count())]
    made = HypernetworkRows(network, model.tokenizer, Embeddings(Held(rows.numpy())))
    ids = np.setdiff1d(model.tokenizer.definition.model.ids, [0])
    found = made.make([model.tokenizer.token_bytes(int(number)) for number in ids])
    left = np.square(found - rows.numpy()[ids]).sum() / np.square(rows.numpy()[ids]).sum()
    assert losses[-1] < 0.6 * losses[0]
    assert left < 0.12, f"{left:.3f} of the squares is left"


@pytest.mark.parametrize(
    ("kind", "tie"), [("llama", True), ("gpt2", True), ("llama", False), ("gpt_neox", False)]
)
def test_the_loss_falls_and_the_model_stays(kind: str, tie: bool, tmp_path: Path) -> None:
    model = tw.lm.load(tiny.save(tmp_path, kind, tie=tie), device="cpu")
    before = {name: one.clone() for name, one in model.model.state_dict().items()}
    network = _network(tied=tie)
    ends = [model.input_embeddings, model.output_embeddings][: 1 if tie else 2]
    network.measure(torch.cat(ends, dim=1).float())
    objective = _objective(model, network, 0)
    recipe = Recipe(steps=25, matrix_rate=0.05, other_rate=0.02, warmup=2)
    with torch.no_grad():
        at_once = np.mean([float(objective(number)) for number in range(8)])
    for _ in Training(network, recipe, bf16=False, objective=objective).fit(count()):
        pass
    with torch.no_grad():
        after = np.mean([float(objective(number)) for number in range(8)])
    assert after < at_once - 0.1, f"{at_once:.2f} to {after:.2f}"
    assert all(torch.equal(one, before[name]) for name, one in model.model.state_dict().items())


def test_the_loss_is_that_of_the_transplanted_model(tmp_path: Path) -> None:
    """With every other token drawn as well, the sampled softmax is the whole one."""
    model = tw.lm.load(tiny.save(tmp_path, "llama", tie=True, rows=400), device="cpu")
    network = _network()
    torch.manual_seed(1)
    torch.nn.init.normal_(network.output_projection[1].weight, std=0.3)
    network.measure(model.input_embeddings)
    objective = _objective(model, network, 0)
    drawn = objective.sampler.draw(QUEUE)
    texts = objective.texts(QUEUE)
    rows = HypernetworkRows(
        network, model.tokenizer, Embeddings(Held(model.input_embeddings.numpy()))
    )
    known = objective._old
    matrix = rows.make(list(drawn.tokens))
    for place, token in enumerate(drawn.tokens):
        if token in known:
            matrix[place] = model.input_embeddings[known[token]].numpy()
    start = model.input_embeddings[list(model.start)].numpy()
    module = transformers.LlamaForCausalLM(tiny.config("llama", 401, tie=True)).eval()
    state = {**model.model.state_dict()}
    for name in ("model.embed_tokens.weight", "lm_head.weight"):
        state[name] = torch.from_numpy(np.concatenate([start, matrix]))
    module.load_state_dict(state)
    nats = []
    for text in texts:
        ids = drawn.tokenizer.encode(text)[:32].astype(np.int64) + 1
        given = torch.from_numpy(np.concatenate([[0], ids]))[None]
        with torch.no_grad():
            chances = module(input_ids=given).logits.log_softmax(-1)[0]
        nats += [-float(chances[place, one]) for place, one in enumerate(ids.tolist())]
    with torch.no_grad():
        distance = objective._distance(objective._ids, [(int(one),) for one in objective._ids])
        loss = float(objective(0))
    # The rows of all old tokens are as far off as those of the part that is compared, about.
    assert loss - float(distance) / 2 == pytest.approx(np.mean(nats), abs=0.05 * float(distance))


def test_the_warm_up_of_a_vocabulary_of_bytes_has_nothing_to_cut(tmp_path: Path) -> None:
    model = tw.lm.load(tiny.save(tmp_path, "llama", tie=True), device="cpu")
    objective = _objective(model, _network(residual=False), 10)
    single = [place for place, token in enumerate(objective._bytes) if len(token) == 1]
    objective._ids = objective._ids[single]
    objective._bytes = [objective._bytes[place] for place in single]
    assert 0 < float(objective(0).detach()) < 100


def test_a_model_without_a_start_token_predicts_from_the_first_on(tmp_path: Path) -> None:
    model = tw.lm.load(tiny.save(tmp_path, "llama", tie=True), device="cpu")
    started = _objective(model, _network(), 0)
    with torch.no_grad():
        first = float(started(0))
        model.start = ()
        assert float(started(0)) == pytest.approx(first, abs=0.2)


def _published(folder: Path) -> tuple[Shape, dict[str, torch.Tensor]]:
    """A folder in the layout of the published networks, untied, told the language, of random weights."""
    shape = Shape(
        24, 416, False, hidden=32, inner=48, layers=2, heads=4, positions=514, extra=2, languages=3
    )
    torch.manual_seed(2)
    network = Hypernetwork(shape)
    state = {name: torch.randn_like(one) * 0.3 for name, one in network.state_dict().items()}
    config = {**shape.config(), "langs": ["de", "en", "fr"]}
    for name in ("hn_positions", "residual", "model_type"):
        del config[name]
    config |= {"max_position_embeddings": 2048, "vocab_size": 416}  # of the model, beside them
    (folder / "config.json").write_text(json.dumps(config))
    words = {"model.embeddings.word_embeddings.weight": torch.zeros(3, 32)}
    save_file({**state, **words}, folder / "model.safetensors")
    return shape, state


def test_published_networks_are_read_and_give_what_roberta_gives(tmp_path: Path) -> None:
    """Against transformers' own RobertaModel on padded forms, put together as the paper says."""
    shape, state = _published(tmp_path)
    network = load_hypernetwork(tmp_path)
    assert network.shape == shape and network.languages == ("de", "en", "fr")
    embeddings = _embeddings(network)
    rows = HypernetworkRows(network, tiny.tokenizer(), embeddings, language="fr")
    forms = SurfaceForms(tiny.tokenizer(), 7).of(TOKENS)
    roberta = transformers.RobertaModel(
        transformers.RobertaConfig(
            vocab_size=3,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=514,
            type_vocab_size=1,
            layer_norm_eps=1e-5,
            pad_token_id=0,
        ),
        add_pooling_layer=False,
    ).eval()
    inner = {
        name.removeprefix("model."): one for name, one in state.items() if name[:6] == "model."
    }
    told = roberta.load_state_dict(inner, strict=False)
    assert not told.unexpected_keys
    both = np.concatenate([whole(embeddings.input), whole(embeddings.output)], axis=1)
    functional = torch.nn.functional

    def project(x: torch.Tensor, name: str) -> torch.Tensor:
        def dense(x: torch.Tensor, part: str) -> torch.Tensor:
            weight, bias = state[f"{name}.{part}.weight"], state[f"{name}.{part}.bias"]
            return functional.gelu(functional.linear(x, weight, bias), approximate="tanh")

        added = dense(dense(x, "dense1"), "dense2") + x
        return functional.layer_norm(
            added, (32,), state[f"{name}.ln.weight"], state[f"{name}.ln.bias"], 1e-6
        )

    def linear(x: torch.Tensor, name: str) -> torch.Tensor:
        return functional.linear(x, state[f"{name}.weight"], state[f"{name}.bias"])

    for place, form in enumerate(forms):
        given = torch.zeros(1, 7, 48)
        given[0, : len(form)] = torch.from_numpy(both[list(form)])
        given = given * state["in_scaler.w"] + state["in_scaler.b"]
        x = project(linear(given, "input_projection.0"), "input_projection.1")
        beside = (
            state["model.embeddings.token_type_embeddings.weight"][0]
            + state["model.embeddings.position_embeddings.weight"][7]
        )
        x = torch.cat([x, (state["lang_embeddings.weight"][2] - beside)[None, None]], dim=1)
        mask = torch.tensor([[1] * len(form) + [0] * (7 - len(form)) + [1]])
        with torch.no_grad():
            found = roberta(
                inputs_embeds=x, attention_mask=mask, position_ids=torch.arange(8)[None]
            ).last_hidden_state[:, 0]
        for part, head, scaler in (
            ("input", "output_projection", "scaler"),
            ("output", "output_projection_out", "out_scaler"),
        ):
            wanted = linear(project(found, f"{head}.0"), f"{head}.1")
            wanted = wanted * state[f"{scaler}.w"] + state[f"{scaler}.b"]
            assert np.allclose(rows.make([TOKENS[place]], part), wanted.numpy(), atol=1e-4)


def test_networks_of_another_model_are_refused(tmp_path: Path) -> None:
    _published(tmp_path)
    network = load_hypernetwork(tmp_path)
    old = tiny.tokenizer()
    zett = resolve("transplant/zett")
    with pytest.raises(OptionError, match="needs a hypernetwork for this model"):
        zett(old, old, _embeddings(network), Given())
    with pytest.raises(OptionError, match=r"told the language .*: de, en, fr"):
        zett(old, old, _embeddings(network), Given(hypernetwork=network))
    wide = Embeddings(Held(np.zeros((416, 32), np.float32)))
    with pytest.raises(OptionError, match="rows of 24 numbers, the model has 32"):
        zett(old, old, wide, Given(hypernetwork=network), language="de")
    tied = Embeddings(Held(np.zeros((416, 24), np.float32)))
    with pytest.raises(OptionError, match=r"model has one for both ends, .* for two matrices"):
        zett(old, old, tied, Given(hypernetwork=network), language="de")


def _config(**changes: object):
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **changes}))

    return change


def _weights(name: str, tensor: torch.Tensor | None):
    def change(folder: Path) -> None:
        state = load_file(folder / "model.safetensors")
        state.pop(name)
        save_file(state | ({} if tensor is None else {name: tensor}), folder / "model.safetensors")

    return change


def _plain(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "llama"}')


def _truncated(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (_plain, FormatError, "no hn_hidden_size; expected the config.json of a hypernetwork"),
        (_config(hn_hidden_size="wide"), FormatError, "hn_hidden_size is 'wide'"),
        (_config(hn_hidden_size=-5), FormatError, "hidden is -5"),
        (_config(hn_hidden_size=10**30), FormatError, "hidden is 1000"),
        (_config(hn_n_layers=3), FormatError, "no tensor"),
        (_config(hn_n_layers=10**6), FormatError, "layers is 1000000"),
        (_config(hn_add_inter_token_attention=True), UnsupportedError, "hn_add_inter_token"),
        (_config(n_embd=10), FormatError, "has the shape"),
        (_weights("scaler.w", None), FormatError, "scaler.w has the shape of no tensor"),
        (_weights("scaler.w", torch.full((1, 24), torch.nan)), FormatError, "holds NaN"),
        (_truncated, FormatError, "truncated"),
        (_pickled, FormatError, "pickled, which can run code"),
        (lambda folder: (folder / "config.json").unlink(), FormatError, "folder of a hypernetwork"),
        (lambda folder: (folder / "config.json").write_text("[[["), FormatError, "no JSON"),
    ],
)
def test_damaged_folders_are_one_clear_error(change, error, message: str, tmp_path: Path) -> None:
    _published(tmp_path)
    change(tmp_path)
    with pytest.raises(error, match=message):
        load_hypernetwork(tmp_path)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    network = _network(tied=False)
    save_hypernetwork(network, tmp_path)
    again = load_hypernetwork(tmp_path)
    assert again.shape == network.shape
    for name, tensor in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name
