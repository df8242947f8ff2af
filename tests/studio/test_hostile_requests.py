"""Requests that no page of ours makes: each is refused in one sentence, and the studio goes on."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from running_studio import Client

JSON = {"content_type": "application/json"}
BAD: dict[str, tuple[str, bytes, int, str]] = {  # path, body, status, what the answer says
    "not JSON": ("/api/cut", b"{", 400, "not JSON"),
    "no object": ("/api/cut", b"[1]", 400, "JSON object"),
    "not UTF-8": ("/api/cut", b'{"text": "\xff"}', 400, "UTF-8"),
    "deep": ("/api/cut", b"[" * 200_000, 400, "nested too deeply"),
    "a number of a million digits": ("/api/cut", b'{"text":' + b"9" * 10**6, 400, "not JSON"),
    "no text": ("/api/cut", b'{"tokenizers": []}', 400, "`text`"),
    "text of another type": ("/api/cut", b'{"text": 1, "tokenizers": []}', 400, "`text`"),
    "no names": ("/api/cut", b'{"text": ""}', 400, "`tokenizers`"),
    "names of another type": ("/api/cut", b'{"text": "", "tokenizers": [[]]}', 400, "names"),
    "one name twice": ("/api/cut", b'{"text": "", "tokenizers": ["a", "a"]}', 400, "twice"),
    "policy": (
        "/api/cut",
        b'{"text": "", "tokenizers": [], "specials": "error"}',
        400,
        "specials",
    ),
    "no such id": ("/api/token", b'{"tokenizer": "gpt2", "ids": [99999999]}', 400, "99999999"),
    "negative id": ("/api/token", b'{"tokenizer": "gpt2", "ids": [-1]}', 400, "`ids`"),
    "id as text": ("/api/token", b'{"tokenizer": "gpt2", "ids": ["1"]}', 400, "`ids`"),
    "true as id": ("/api/token", b'{"tokenizer": "gpt2", "ids": [true]}', 400, "`ids`"),
    "infinite price": (
        "/api/reports",
        b'{"text": "a", "tokenizers": ["gpt2"], "prices": {"gpt2": 1e999}}',
        400,
        "price of gpt2",
    ),
    "huge price": (
        "/api/reports",
        b'{"text": "a", "tokenizers": ["gpt2"], "prices": {"gpt2": 1' + b"0" * 400 + b"}}",
        400,
        "price of gpt2",
    ),
    "NaN price": (
        "/api/reports",
        b'{"text": "a", "tokenizers": ["gpt2"], "prices": {"gpt2": NaN}}',
        400,
        "price of gpt2",
    ),
    "price of another": (
        "/api/reports",
        b'{"text": "a", "tokenizers": ["gpt2"], "prices": {"x": 1}}',
        400,
        "prices",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_bodies(studio: Client, kind: str) -> None:
    path, body, expected, said = BAD[kind]
    status, value = studio.post(path, body)
    assert status == expected
    assert said in value["error"]
    assert "\n" not in value["error"] and "Traceback" not in value["error"]


NAMES = (
    "/etc/passwd",
    "../../../etc/passwd",
    "hf://org/name",
    "./tokenizer.json",
    "",
    "\x00",
    "a" * 999,
)


@pytest.mark.parametrize("name", (*NAMES, "\ud800"))
def test_only_names_on_the_shelf_are_loaded(studio: Client, name: str) -> None:
    (found,) = studio.cut("a", name)
    assert found["error"].startswith("no tokenizer ")
    assert "root" not in json.dumps(found)
    assert studio.post("/api/token", {"tokenizer": name, "ids": [1]})[0] == 404
    assert studio.post("/api/reports", {"text": "a", "tokenizers": [name]})[0] == 404


def test_a_path_of_this_machine_is_no_name(studio: Client, tmp_path: Path) -> None:
    from tokenworks.tokenizer import Tokenizer

    Tokenizer.load("gpt2").save(tmp_path / "out")
    (found,) = studio.cut("a", str(tmp_path / "out"))
    assert found["error"].startswith("no tokenizer ")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static/%2fetc%2fpasswd",
        "/static//etc/passwd",
        "/../../etc/passwd",
        "/static/studio.css%00",
        "/report/../api/start",
        "/nothing",
    ],
)
def test_no_path_leads_out(studio: Client, path: str) -> None:
    status, _, body = studio.send("GET", path)
    assert status == 404
    assert b"root:" not in body and b"import" not in body


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil", "10.0.0.1", ""],
)
def test_other_names_of_this_address_are_refused(studio: Client, host: str) -> None:
    for path in ("/", "/api/start"):
        status, headers, body = studio.send("GET", path, host=host)
        assert status == 403
        assert b"Host" in body
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:9", "127.0.0.1", "[::1]:8123", "127.9.9.9"]
)
def test_names_of_the_loopback_are_taken(studio: Client, host: str) -> None:
    assert studio.send("GET", "/api/start", host=host)[0] == 200


def test_two_hosts_are_refused(studio: Client) -> None:
    with socket.create_connection(("127.0.0.1", studio.port), timeout=20) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
        assert raw.recv(4096).split(b" ")[1] in (b"400", b"403")


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://{host}", "http://localhost:1"]
)
def test_pages_of_other_sites_are_refused(studio: Client, origin: str) -> None:
    body = {"text": "a", "tokenizers": ["gpt2"]}
    status, value = studio.post("/api/cut", body, origin=origin.format(host=studio.host))
    assert (status, value["error"]) == (403, "this request comes from another site")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_the_browser_tells_who_asks(studio: Client, site: str) -> None:
    status, _ = studio.post("/api/cut", {"text": "a", "tokenizers": []}, sec_fetch_site=site)
    assert status == 403
    assert studio.send("GET", "/report/x", sec_fetch_site=site)[0] == 403
    assert studio.send("GET", "/", sec_fetch_site=site)[0] == 200  # a link


def test_our_own_page_may_ask(studio: Client) -> None:
    given = {"origin": f"http://{studio.host}", "sec_fetch_site": "same-origin"}
    assert studio.post("/api/cut", {"text": "a", "tokenizers": []}, **given)[0] == 200


def test_forms_of_other_sites_have_no_effect(studio: Client) -> None:
    body = b'{"text": "a", "tokenizers": []}'
    status, value = studio.post("/api/cut", body, content_type="text/plain")
    assert (status, value["error"]) == (400, "the body must be application/json")
    status, _, _ = studio.send("POST", "/api/tokenizers?name=a", b"x", content_type="text/plain")
    assert status == 400


def test_sizes_are_limited(studio: Client) -> None:
    text = "a" * ((1 << 20) + 1)
    status, value = studio.post("/api/cut", {"text": text, "tokenizers": ["gpt2"]})
    assert status == 413
    assert "1,048,576" in value["error"] and "tokenworks count" in value["error"]
    many = [str(number) for number in range(13)]
    assert studio.post("/api/cut", {"text": "a", "tokenizers": many})[0] == 400
    for path, kind in (
        ("/api/cut", "application/json"),
        ("/api/tokenizers", "application/octet-stream"),
    ):
        status, _, body = studio.send(
            "POST", path, b"x", content_type=kind, content_length=str(1 << 40)
        )
        assert status == 413, body


def test_a_body_without_a_length_is_cut_off(studio: Client) -> None:
    head = (
        f"POST /api/cut HTTP/1.1\r\nHost: {studio.host}\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
    with socket.create_connection(("127.0.0.1", studio.port), timeout=20) as raw:
        raw.sendall(head.encode() + chunk * 8)  # more than is taken, and no end of it
        assert raw.recv(4096).split(b" ")[1] == b"413"
    assert studio.get("/api/start")[0] == 200


FILES = {
    "empty": (b"", "empty"),
    "text": (b"hello\nworld\n", "not a tokenizer"),
    "truncated": (b'{"version": "1.0", "model": {', "truncated JSON"),
    "a pickle": (b"\x80\x04\x95\x1b\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix", "not a tokenizer"),
    "compressed": (b"\x28\xb5\x2f\xfd" + b"\x00" * 64, "compressed"),
    "GGUF cut off": (b"GGUF\x03\x00\x00\x00", "bad.bin"),
}


@pytest.mark.parametrize("kind", FILES)
def test_files_that_are_no_tokenizer(studio: Client, kind: str) -> None:
    data, said = FILES[kind]
    status, value = studio.drop("<b>bad.bin", data)
    assert status == 400
    assert said in value["error"]
    assert "studio-" not in value["error"]  # where it lay for a moment is nobody's business


@pytest.mark.slow
def test_a_pattern_that_never_ends_holds_up_nobody(studio: Client) -> None:
    pattern = {"type": "Split", "pattern": {"Regex": "(a|aa)+[^a]?b"}, "behavior": "Isolated"}
    value = {
        "version": "1.0",
        "added_tokens": [],
        "pre_tokenizer": pattern | {"invert": False},
        "model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []},
    }
    status, about = studio.drop("slow.json", json.dumps(value).encode())
    assert status == 201, about
    slow, quick = studio.cut("a" * 45 + "c b", "slow", "gpt2")
    assert "no answer within" in slow["error"]
    assert quick["tokens"] > 0
    slow, quick = studio.cut("a", "slow", "gpt2")
    assert "still at work" in slow["error"]
    assert quick["tokens"] == 1
    assert studio.send("DELETE", "/api/tokenizers/slow")[0] == 200


def test_answers_carry_their_policies(studio: Client) -> None:
    _, headers, page = studio.send("GET", "/")
    assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert b"http:" not in page and b"https:" not in page
    for name in ("studio.css", "studio.js", "card.js", "charts.js", "details.js", "server.js"):
        status, headers, text = studio.send("GET", f"/static/{name}")
        assert status == 200
        assert b"https:" not in text and b"http:" not in text
