"""The Tokenizer: ids equal to the reference libraries, policies, spans, sizes, pickle, threads, fork."""

from __future__ import annotations

import gc
import multiprocessing
import pickle
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiktoken
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.assets import asset

from tokenworks import Tokenizer
from tokenworks.errors import FormatError, OptionError, TextError, TokenworksWarning
from tokenworks.tokenizer import huggingface
from tokenworks.tokenizer.known_encodings import ENCODINGS

GPT2 = Tokenizer.load("gpt2")
O200K = Tokenizer.load("o200k_base")
SPECIAL = "<|endoftext|>"


def library_of(name: str) -> tiktoken.Encoding:
    model = Tokenizer.load(name).definition.model
    return tiktoken.Encoding(
        name,
        pat_str=ENCODINGS[name].pattern,
        mergeable_ranks=dict(zip(model.pieces, model.ids.tolist(), strict=True)),
        special_tokens=dict(ENCODINGS[name].specials),
    )


O200K_LIBRARY = library_of("o200k_base")
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.text(" \n\t'sdé中1😀<|>endoftext")


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_o200k_equals_tiktoken_and_goes_back(text: str) -> None:
    ids = O200K.encode(text, specials="text")
    assert ids.dtype == np.uint32
    assert ids.tolist() == O200K_LIBRARY.encode_ordinary(text)
    assert O200K.decode(ids) == text
    assert O200K.decode_bytes(ids) == text.encode()
    assert O200K.count(text) == len(ids)
    spanned, spans = O200K.encode_spans(text, specials="text")
    data = text.encode()
    assert spanned.tolist() == ids.tolist()
    assert [data[a:b] for a, b in spans.tolist()] == [O200K.token_bytes(i) for i in ids.tolist()]
    _, characters = O200K.encode_spans(text, specials="text", unit="characters")
    for (begin, end), (first, last) in zip(characters.tolist(), spans.tolist(), strict=True):
        covered = text[begin:end].encode()
        assert data[first:last] in covered
        assert len(covered) - (last - first) <= 6
    stream = O200K.stream()
    assert "".join(stream.put(number) for number in ids.tolist()) + stream.finish() == text


@pytest.mark.parametrize(
    "name",
    [
        "tokenizers/gpt-2.json",
        "tokenizers/gpt-neox.json",
        "tokenizers/qwen2_5.hf/tokenizer.json",
        "tokenizers/llama3.hf/tokenizer.json",
        "tokenizers/kl3m-001-32k.json",
        "tokenizers/kl3m-004-char-4k-cased.json",
        "tokenizers/kl3m-004-char-8k-cased.json",
        "tokenizers/kl3m-005-multi-word-example-32k.json",
    ],
)
def test_ids_and_text_equal_the_tokenizers_library(name: str) -> None:
    path = asset(name)
    ours = Tokenizer(huggingface.read(path))
    library = tokenizers.Tokenizer.from_file(str(path))
    library.no_padding()
    draw = random.Random(4)
    corpus = asset("bench/multi.txt").read_bytes()
    for _ in range(100):
        start = draw.randrange(len(corpus) - 3000)
        text = corpus[start : start + 3000].decode("utf-8", "ignore")
        ids = library.encode(text, add_special_tokens=False).ids
        assert ours.encode(text, specials="allow").tolist() == ids
        assert ours.decode(ids) == library.decode(ids, skip_special_tokens=False)


def test_special_text_is_refused_with_three_ways_out() -> None:
    text = f"a {SPECIAL} b"
    with pytest.raises(TextError, match=r"specials='allow'.*specials='text'.*count\(\)") as caught:
        GPT2.encode(text)
    assert "\n" not in str(caught.value)
    assert SPECIAL in str(caught.value)
    assert 50256 in GPT2.encode(text, specials="allow")
    assert 50256 not in GPT2.encode(text, specials="text")
    assert GPT2.count(text) == len(GPT2.encode(text, specials="text"))
    for call in (GPT2.encode_spans, lambda t: GPT2.encode_batch(["fine", t])):
        with pytest.raises(TextError, match="specials='allow'"):
            call(text)
    with pytest.raises(OptionError, match="specials is 'maybe'"):
        GPT2.encode(text, specials="maybe")  # type: ignore[arg-type]


def test_lone_surrogates_are_refused_or_replaced() -> None:
    with pytest.raises(TextError, match=r"U\+D800 at character 1"):
        GPT2.encode("a\ud800")
    replaced = GPT2.encode("a\ud800", errors="replace")
    assert replaced.tolist() == GPT2.encode("a\ufffd").tolist()
    assert GPT2.count("a\udfff") == len(replaced)
    ids, spans = GPT2.encode_spans("\ud800a", errors="replace")
    assert spans[-1].tolist() == [3, 4]
    assert len(ids) == len(spans)
    with pytest.raises(OptionError, match="errors is 'no'"):
        GPT2.encode("a", errors="no")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="not bytes"):
        GPT2.encode(b"a")  # type: ignore[arg-type]


def test_making_lists_leaves_the_collector_as_it_was() -> None:
    assert gc.isenabled()
    lists = GPT2.encode_lists(["a b"] * 1000)
    assert gc.isenabled()
    assert gc.is_tracked(lists[0])  # it can hold a cycle once its owner changes it
    gc.disable()
    try:
        GPT2.encode_lists(["a b"])
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_lists_hold_the_same_ids() -> None:
    texts = ["", "Hello world", "né 好" * 2000, "<|endoftext|>", "Hello"]
    lists = GPT2.encode_lists(texts, specials="allow", threads=2)
    for text, found in zip(texts, lists, strict=True):
        assert found == GPT2.encode(text, specials="allow").tolist()
        assert found == GPT2.encode_list(text, specials="allow")
        assert all(type(number) is int for number in found)
    lists[1].append(7)
    assert GPT2.encode_list(texts[1]) == lists[1][:-1]
    assert GPT2.encode_lists([]) == []
    assert GPT2.encode_lists(["a\ud800"], errors="replace") == [GPT2.encode_list("a\ufffd")]
    assert GPT2.encode_list("a\ud800", errors="replace") == GPT2.encode_list("a\ufffd")
    assert GPT2.encode_list("a", add_special=True) == GPT2.encode("a", add_special=True).tolist()
    for call in (GPT2.encode_list, lambda t: GPT2.encode_lists(["fine", t])):
        with pytest.raises(TextError, match="specials='allow'"):
            call(texts[3])
        with pytest.raises(TextError, match=r"U\+D800"):
            call("a\ud800")
    with pytest.raises(OptionError, match="threads is -1"):
        GPT2.encode_lists(["a"], threads=-1)


def test_batches_are_ragged_arrays() -> None:
    texts = ["", "Hello world", "né", ""]
    ids, starts = GPT2.encode_batch(texts, threads=2)
    assert ids.dtype == np.uint32
    assert starts.dtype == np.uint64
    assert starts.tolist() == [0, 0, 2, 4, 4]
    for index, text in enumerate(texts):
        assert ids[starts[index] : starts[index + 1]].tolist() == GPT2.encode(text).tolist()
    empty, one = GPT2.encode_batch([])
    assert (empty.tolist(), one.tolist()) == ([], [0])
    with pytest.raises(OptionError, match="threads is -1"):
        GPT2.encode_batch(texts, threads=-1)


def test_batches_with_special_tokens_around() -> None:
    tekken = Tokenizer.load("tekken")
    ids, starts = tekken.encode_batch(["", "a", "b c"], add_special=True)
    parts = [ids[starts[i] : starts[i + 1]].tolist() for i in range(3)]
    assert parts == [tekken.encode(t, add_special=True).tolist() for t in ("", "a", "b c")]
    assert parts[0] == [1]
    assert tekken.ids_as_trained("a").tolist() == parts[1]


def test_sizes_apart(tmp_path: Path) -> None:
    cl100k = Tokenizer.load("cl100k_base")
    assert cl100k.n_tokens == 100_261
    assert cl100k.max_id_plus_one == 100_277
    config = tmp_path / "config.json"
    config.write_text('{"vocab_size": 100352}')
    shape = cl100k.shape(tmp_path)
    assert (shape.tokens, shape.max_id_plus_one, shape.model_rows) == (100_261, 100_277, 100_352)
    assert shape.fits
    config.write_text('{"text_config": {"vocab_size": 1000}}')
    assert not cl100k.shape(config).fits
    config.write_text("{}")
    with pytest.raises(FormatError, match='no "vocab_size"'):
        cl100k.shape(tmp_path)
    assert cl100k.shape(asset("models/novels-6m")).model_rows == 8192
    assert cl100k.shape().model_rows is None


def test_tokens_by_bytes() -> None:
    assert GPT2.id_of(b" world") == 995
    assert GPT2.token_bytes(995) == b" world"
    assert GPT2.id_of(SPECIAL.encode()) == 50256
    assert GPT2.id_of(b"no such token at all") is None
    assert GPT2.merges[0] == (b" ", b"t")
    assert len(GPT2.merges) == 50_000
    assert GPT2.specials == {SPECIAL: 50256}
    assert GPT2.pattern == ENCODINGS["gpt2"].pattern
    assert repr(GPT2) == "Tokenizer('gpt2', Bpe, 50,257 tokens)"


def test_equal_definitions_are_equal_tokenizers() -> None:
    again = Tokenizer.load("r50k_base")
    assert again == GPT2
    assert hash(again) == hash(GPT2)
    assert GPT2 != O200K
    assert GPT2 != "gpt2"
    assert len({again, GPT2}) == 1


def test_pickle_and_spawn() -> None:
    again = pickle.loads(pickle.dumps(GPT2))
    assert again == GPT2
    assert again.encode("Hello world").tolist() == [15496, 995]


def test_threads_agree() -> None:
    fresh = Tokenizer.load("gpt2")
    texts = [f"text number {number}" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda text: fresh.encode(text).tolist(), texts))
    assert results == [GPT2.encode(text).tolist() for text in texts]


def _in_child(queue: Any) -> None:
    queue.put(GPT2.encode("Hello world").tolist())


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_encodes() -> None:
    if "fork" not in multiprocessing.get_all_start_methods():
        return  # nothing to be safe from
    GPT2.encode_batch(["warm"] * 64, threads=2)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == [15496, 995]
    child.join(60)
    assert child.exitcode == 0


TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)


def chat(**changes: Any) -> Tokenizer:
    from dataclasses import replace

    plain = Tokenizer.load("tekken").definition
    return Tokenizer(replace(plain, chat_template=TEMPLATE, **changes))


def test_messages_go_through_the_template_with_one_bos() -> None:
    tokenizer = chat()
    messages = [{"role": "user", "content": "Hi"}]
    ids = tokenizer.ids_as_trained(messages, add_generation_prompt=True).tolist()
    assert ids == tokenizer.encode("<s>[user]Hi[assistant]", specials="allow").tolist()
    assert ids.count(1) == 1


def test_a_doubled_bos_is_said_and_kept_once() -> None:
    tokenizer = chat()
    with pytest.warns(TokenworksWarning, match="BOS"):
        ids = tokenizer.ids_as_trained("<s>Hi", specials="allow").tolist()
    assert ids == tokenizer.ids_as_trained("Hi").tolist()
    from dataclasses import replace

    twice = Tokenizer(
        replace(tokenizer.definition, chat_template="<s><s>{{ messages[0].content }}")
    )
    with pytest.warns(TokenworksWarning, match="writes BOS twice"):
        assert twice.ids_as_trained([{"role": "user", "content": "Hi"}]).tolist() == ids


def test_special_tokens_inside_messages_are_refused() -> None:
    tokenizer = chat()
    for content in ("</s>", [{"type": "text", "text": "</s>"}]):
        with pytest.raises(TextError, match="specials='allow'"):
            tokenizer.ids_as_trained([{"role": "user", "content": content}])
    allowed = tokenizer.ids_as_trained([{"role": "user", "content": "</s>"}], specials="allow")
    assert 2 in allowed
    with pytest.raises(OptionError, match="specials='text'"):
        tokenizer.ids_as_trained([{"role": "user", "content": "x"}], specials="text")


def test_saved_and_loaded_again(tmp_path: Path) -> None:
    tokenizer = Tokenizer.load("kl3m-004-char-4k-cased")
    tokenizer.save(tmp_path / "out")
    again = Tokenizer.load(tmp_path / "out")
    text = "Saved, and loaded again: né 中 😀"
    assert again.encode(text).tolist() == tokenizer.encode(text).tolist()
    with pytest.raises(OptionError, match="format is 'pickle'"):
        tokenizer.save(tmp_path / "other", format="pickle")


def test_arguments_of_another_kind_are_refused_by_name() -> None:
    tokenizer = Tokenizer.load("gpt2")
    wrong: list[tuple[Callable[[], Any], str]] = [
        (lambda: tokenizer.encode_batch("abc"), "a list of texts is expected, not str"),
        (lambda: tokenizer.encode_lists("abc"), "a list of texts is expected, not str"),
        (lambda: tokenizer.encode_batch(5), "a list of texts is expected, not int"),  # type: ignore[arg-type]
        (lambda: tokenizer.decode(5), "a list of ids is expected, not int"),  # type: ignore[arg-type]
        (lambda: tokenizer.decode(np.uint32(5)), "a list of ids is expected, not int"),  # type: ignore[arg-type]
        (lambda: tokenizer.decode("15"), "a list of ids is expected, not str"),  # type: ignore[arg-type]
        (lambda: tokenizer.decode([[1], [2]]), "not lists in a list"),  # type: ignore[list-item]
        (lambda: tokenizer.decode(np.zeros((2, 2), np.uint32)), "not lists in a list"),
        (lambda: tokenizer.id_of("a"), "bytes are expected, not str"),  # type: ignore[arg-type]
        (lambda: tokenizer.ids_as_trained(5), "a list of messages is expected, not int"),  # type: ignore[arg-type]
    ]
    for call, says in wrong:
        with pytest.raises(OptionError, match=says):
            call()
