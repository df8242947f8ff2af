"""The requests of the page, each answered by one workflow."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tokenworks import __version__
from tokenworks.errors import OptionError, TokenworksError, UnknownNameError
from tokenworks.studio.bodies import (
    MAX_TEXT,
    TooLargeError,
    ids_of,
    names_of,
    prices_of,
    read_body,
    read_object,
    text_of,
    text_task,
)
from tokenworks.studio.guard import Guard
from tokenworks.studio.in_time import LateError, Workers
from tokenworks.studio.reports import Reports
from tokenworks.studio.samples import samples
from tokenworks.studio.shelf import MAX_FILE, Shelf

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer
    from tokenworks.workflows.compare.texts import Corpus
    from tokenworks.workflows.ids import SpecialPolicy

SHOWN = 64 << 10  # bytes of a text whose tokens are shown; all of them are counted
CUT_SECONDS = 5.0  # a megabyte takes less than one
LOAD_SECONDS = 60.0
FIRST = ("gpt2", "cl100k_base", "o200k_base")  # chosen where none was given

Handler = Callable[[Request], Awaitable[Response]]
STATIC = {
    "studio.css": "text/css",
    "studio.js": "text/javascript",
    "card.js": "text/javascript",
    "charts.js": "text/javascript",
    "details.js": "text/javascript",
    "server.js": "text/javascript",
    "token_view.js": "text/javascript",
}
_STATUS: tuple[tuple[type[TokenworksError], int], ...] = (
    (TooLargeError, 413),
    (UnknownNameError, 404),
    (LateError, 503),
)


def answer(value: Any, status: int = 200) -> Response:
    """A JSON answer; names from outside may hold what is no text, and are mended."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(body, status, media_type="application/json")


def told(handler: Handler) -> Handler:
    """The handler, with bad input answered by one sentence."""

    async def careful(request: Request) -> Response:
        try:
            return await handler(request)
        except ClientDisconnect:  # the page has been closed; nobody hears the answer
            return Response(status_code=400)
        except TokenworksError as error:
            status = next((code for kind, code in _STATUS if isinstance(error, kind)), 400)
            return answer({"error": str(error)}, status)

    return careful


class Studio:
    """The tokenizers and reports of one server, and its answers."""

    def __init__(self, given: Sequence[Tokenizer] = ()) -> None:
        self.shelf = Shelf(given)
        self.reports = Reports()
        self.workers = Workers()

    async def page(self, request: Request) -> Response:
        return Response(_static("studio.html"), media_type="text/html")

    async def style(self, request: Request) -> Response:
        # The look of the reports, so that both are one.
        names = ("page.css", "compare.css")
        folder = files("tokenworks.report").joinpath("templates")
        text = "\n".join(folder.joinpath(name).read_text("utf-8") for name in names)
        return Response(text, media_type="text/css")

    async def static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in STATIC:
            raise UnknownNameError("there is no such file")
        return Response(_static(name), media_type=STATIC[name])

    async def start(self, request: Request) -> Response:
        """What the page needs to begin."""
        return answer(
            {
                "version": __version__,
                "tokenizers": [self.shelf.about(name) for name in self.shelf.names()],
                "chosen": list(self.shelf.given or FIRST),
                "samples": samples(),
                "max_text": MAX_TEXT,
                "max_file": MAX_FILE,
            }
        )

    async def cut(self, request: Request) -> Response:
        """A text cut by several tokenizers; one that fails says so, the others go on."""
        body = await read_object(request)
        names, specials, text, lone = text_task(body)
        wants_bytes = body.get("bytes", False) is True
        # One after the other: they hold the interpreter's lock, and would only wait for each other.
        results = [await self._cut_one(name, text, specials, wants_bytes) for name in names]
        sizes = {"bytes": len(text.encode()), "characters": len(text), "replaced": lone}
        return answer({**sizes, "results": results})

    async def _cut_one(
        self, name: str, text: str, specials: SpecialPolicy, wants_bytes: bool
    ) -> dict[str, Any]:
        def work() -> dict[str, Any]:
            from tokenworks.workflows.pieces import cut_text

            tokenizer = self.shelf.get(name).tokenizer
            found = cut_text(tokenizer, text, specials=specials, shown=SHOWN)
            shown = {
                **self.shelf.about(name),
                "tokens": found.tokens,
                "pieces": [piece.text for piece in found.pieces],
                "ids": [p.ids[0] if len(p.ids) == 1 else p.ids for p in found.pieces],
            }
            if wants_bytes:
                ids = {number for piece in found.pieces for number in piece.ids}
                shown["bytes"] = {number: tokenizer.token_bytes(number).hex() for number in ids}
            return shown

        return await self._one(name, work)

    async def check(self, request: Request) -> Response:
        """Does each tokenizer give the text back? Slower than cutting, so it is asked for apart."""
        names, specials, text, _ = text_task(await read_object(request))

        def work(name: str) -> dict[str, Any]:
            from tokenworks.workflows.faithful import faithful

            found = faithful(self.shelf.get(name).tokenizer, text, specials=specials)
            return {"name": name, **found.to_json()}

        return answer({"results": [await self._one(name, partial(work, name)) for name in names]})

    async def _one(self, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            return await self.workers.run(name, CUT_SECONDS, work)
        except TokenworksError as error:
            return {"name": name, "error": str(error)}

    async def token(self, request: Request) -> Response:
        """What tokens are, and the merges that make them."""
        body = await read_object(request)
        name, ids = body.get("tokenizer"), ids_of(body)
        if not isinstance(name, str):
            raise OptionError("`tokenizer` must be a name")

        def work() -> list[dict[str, Any]]:
            explain = self.shelf.get(name).explainer.explain
            return [explain(number).to_json() for number in ids]

        return answer({"tokens": await self.workers.run(name, CUT_SECONDS, work)})

    async def drop(self, request: Request) -> Response:
        """A tokenizer file; only its bytes are read."""
        name = request.query_params.get("name", "")
        if request.headers.get("content-type", "") != "application/octet-stream":
            raise OptionError("the body must be application/octet-stream")
        try:
            data = await read_body(request, MAX_FILE, "the file")
        except TooLargeError as error:
            raise TooLargeError(
                f"{error}; name its path where the studio is started: `tokenworks studio PATH`"
            ) from None
        kept = await self.workers.run(
            "the file dropped", LOAD_SECONDS, lambda: self.shelf.drop(name, data)
        )
        return answer(self.shelf.about(kept), 201)

    async def remove(self, request: Request) -> Response:
        self.shelf.remove(request.path_params["name"])
        return answer({})

    async def report(self, request: Request) -> Response:
        """Begin a report on the text, or on the Universal Declaration where there is none."""
        body = await read_object(request)
        names = names_of(body)
        if not names:
            raise OptionError("choose at least one tokenizer")
        prices = prices_of(body, names)
        text = None if body.get("text") is None else text_of(body)[0]
        if text is not None and not text.strip():
            raise OptionError("there is no text to compare on")

        def load() -> list[Tokenizer]:
            return [self.shelf.get(name).tokenizer for name in names]

        tokenizers = await self.workers.run("the report", LOAD_SECONDS, load)
        return answer(self.reports.start(tokenizers, lambda: _corpus(text), prices).to_json(), 202)

    async def progress(self, request: Request) -> Response:
        return answer(self.reports.get(request.path_params["id"]).to_json())

    async def cancel(self, request: Request) -> Response:
        self.reports.cancel(request.path_params["id"])
        return answer({})

    async def report_page(self, request: Request) -> Response:
        page = self.reports.get(request.path_params["id"]).page
        if page is None:
            raise UnknownNameError("this report is not ready")
        return Response(page, media_type="text/html")


def _static(name: str) -> str:
    return files("tokenworks.studio").joinpath("static", name).read_text("utf-8")


def _corpus(text: str | None) -> tuple[Corpus, int]:
    from tokenworks.workflows.compare.texts import declaration_corpus, pasted_corpus

    corpus = declaration_corpus() if text is None else pasted_corpus(text)
    return corpus, sum(len(one.text.encode()) for one in corpus.texts)


def create_app(
    given: Sequence[Tokenizer] = (), hosts: Iterable[str] = (), *, public: bool = False
) -> Any:
    """The studio as an ASGI application.

    Args:
        given: tokenizers with different names, offered besides the embedded ones.
        hosts: names of this machine that requests may use, besides those of the loopback address.
        public: it listens to other machines as well.
    """
    studio = Studio(given)
    routes: list[tuple[str, str, Handler]] = [
        ("/", "GET", studio.page),
        ("/report.css", "GET", studio.style),
        ("/static/{name}", "GET", studio.static),
        ("/api/start", "GET", studio.start),
        ("/api/cut", "POST", studio.cut),
        ("/api/check", "POST", studio.check),
        ("/api/token", "POST", studio.token),
        ("/api/tokenizers", "POST", studio.drop),
        ("/api/tokenizers/{name:path}", "DELETE", studio.remove),
        ("/api/reports", "POST", studio.report),
        ("/api/reports/{id}", "GET", studio.progress),
        ("/api/reports/{id}", "DELETE", studio.cancel),
        ("/report/{id}", "GET", studio.report_page),
    ]
    table = [Route(path, told(handler), methods=[method]) for path, method, handler in routes]
    return Guard(Starlette(routes=table), hosts, public=public)
