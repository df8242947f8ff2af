"""What the studio answers is what the workflows say."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from running_studio import Client

from tokenworks.data.udhr import declaration
from tokenworks.tokenizer import Tokenizer, embedded
from tokenworks.workflows.pieces import pieces

TEXT = declaration("hi").articles[0] + "\n\nHello 👩🏽‍🚀 1234567 <|endoftext|>"
DATA = Path(__file__).resolve().parents[1] / "data"


def flat(ids: list[Any]) -> list[int]:
    return [number for one in ids for number in (one if isinstance(one, list) else [one])]


def test_every_embedded_tokenizer_cuts_as_the_library_does(studio: Client) -> None:
    names = list(embedded.index())
    for found in studio.cut(TEXT, *names):
        tokenizer = Tokenizer.load(found["name"])
        expected = pieces(tokenizer, TEXT)
        assert found["pieces"] == [piece.text for piece in expected]
        assert flat(found["ids"]) == tokenizer.encode(TEXT, specials="text").tolist()
        assert found["tokens"] == tokenizer.count(TEXT)
        assert found["size"] == tokenizer.n_tokens


def test_special_tokens_count_as_special_where_asked(studio: Client) -> None:
    (plain,) = studio.cut("a<|endoftext|>", "gpt2")
    (special,) = studio.cut("a<|endoftext|>", "gpt2", specials="allow")
    assert plain["tokens"] > special["tokens"] == 2
    assert flat(special["ids"])[1] == 50256


def test_bytes_are_those_of_the_tokens(studio: Client) -> None:
    (found,) = studio.cut("naïve 👩", "gpt2", bytes=True)
    joined = "".join(found["bytes"][str(number)] for number in flat(found["ids"]))
    assert bytes.fromhex(joined).decode() == "naïve 👩"


def test_a_long_text_is_counted_whole_and_shown_in_part(studio: Client) -> None:
    text = "many words of text\n" * 12_000
    (found,) = studio.cut(text, "gpt2")
    assert found["tokens"] == Tokenizer.load("gpt2").count(text)
    shown = "".join(found["pieces"])
    assert text.startswith(shown)
    assert 1 << 16 <= len(shown) < (1 << 16) + 64


def test_lone_surrogates_are_replaced_and_told(studio: Client) -> None:
    body = b'{"text": "a\\ud83d b", "tokenizers": ["gpt2"]}'
    status, value = studio.post("/api/cut", body)
    assert status == 200
    assert value["replaced"] == 1
    assert "".join(value["results"][0]["pieces"]) == "a\ufffd b"


def test_what_a_text_loses_is_told(studio: Client) -> None:
    body = {"text": "A\u030a", "tokenizers": ["gpt2", "qwen2.5", "none"]}
    status, value = studio.post("/api/check", body)
    assert status == 200
    gpt2, qwen, none = value["results"]
    assert gpt2 == {"name": "gpt2", "unknown": 0, "same": True}
    assert (qwen["same"], qwen["got"]) == (False, "\u00c5")
    assert none["error"].startswith("no tokenizer ")


def test_merges_of_a_token(studio: Client) -> None:
    status, value = studio.post("/api/token", {"tokenizer": "gpt2", "ids": [995]})
    assert status == 200
    (token,) = value["tokens"]
    assert token["text"] == " world"
    assert token["bytes"] == "20 77 6f 72 6c 64"
    assert token["start"] == list(" world")
    assert token["steps"][-1]["result"] == " world"


def test_a_dropped_file_cuts_as_the_file(studio: Client, tmp_path: Path) -> None:
    Tokenizer.load("gpt2").save(tmp_path / "out")
    path = tmp_path / "out" / "tokenizer.json"
    status, about = studio.drop("../../etc/own.json", path.read_bytes())
    assert status == 201, about
    assert about["name"] == "own"
    (found,) = studio.cut(TEXT, "own")
    (same,) = studio.cut(TEXT, "gpt2")
    assert found["ids"] == same["ids"]
    status, again = studio.drop("own.json", path.read_bytes())
    assert again["name"] == "own (2)"
    for name in ("own", "own%20(2)"):
        assert studio.send("DELETE", f"/api/tokenizers/{name}")[0] == 200
    assert "no tokenizer 'own'" in studio.cut(TEXT, "own")[0]["error"]


@pytest.mark.parametrize("path", sorted((DATA / "gguf").glob("*.gguf"))[:1])
def test_a_gguf_file_may_be_dropped(studio: Client, path: Path) -> None:
    status, about = studio.drop(path.name, path.read_bytes())
    assert status == 201, about
    (found,) = studio.cut("Hello world", about["name"])
    assert flat(found["ids"]) == Tokenizer.load(path).encode("Hello world").tolist()
    studio.send("DELETE", f"/api/tokenizers/{quote(about['name'])}")


def made(studio: Client, body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """A report's last state, and its page."""
    status, job = studio.post("/api/reports", body)
    assert status == 202, job
    for _ in range(400):
        if job["ready"] or job["error"]:
            break
        time.sleep(0.05)
        _, job = studio.get(f"/api/reports/{job['id']}")
    return job, studio.send("GET", f"/report/{job['id']}")[2].decode()


def test_a_report_on_the_text(studio: Client) -> None:
    text = "\n".join((*declaration("en").articles[:8], *declaration("ru").articles[:8]))
    prices = {"gpt2": 2.5, "o200k_base": 10}
    names = list(prices)
    job, page = made(studio, {"text": text, "tokenizers": names, "prices": prices})
    assert job["error"] is None
    assert job["progress"] == 1
    assert "Cyrillic" in page and "Latin" in page
    assert "the pasted text" in page
    assert "this text" in page  # the costs


def test_a_report_that_cannot_be_made_says_why(studio: Client) -> None:
    status, value = studio.post("/api/reports", {"text": " \n ", "tokenizers": ["gpt2"]})
    assert (status, value["error"]) == (400, "there is no text to compare on")
    status, value = studio.post("/api/reports", {"text": "a", "tokenizers": []})
    assert (status, value["error"]) == (400, "choose at least one tokenizer")
    status, value = studio.get("/api/reports/none")
    assert status == 404


def test_a_new_report_cancels_the_one_at_work(studio: Client) -> None:
    _, first = studio.post("/api/reports", {"text": None, "tokenizers": ["gpt2", "tekken"]})
    assert studio.send("DELETE", f"/api/reports/{first['id']}")[0] == 200
    job, _ = made(studio, {"text": "a word", "tokenizers": ["gpt2"]})
    assert job["error"] is None
    _, first = studio.get(f"/api/reports/{first['id']}")
    assert first["error"] == "cancelled"
