"""HTML to text, in one linear pass.

The parser of the standard library needs time quadratic in hostile input (60 kB of "<a " keep it
busy for 20 seconds), so the markup is found here; entities are the standard library's.
"""

from __future__ import annotations

import codecs
import html as entities
import re
from collections.abc import Iterator

from .blocks import ByteStream, Piece
from .decoded import decoded
from .document import Document
from .options import Reading
from .problems import Problem, Report
from .sources import Source

_BLOCKS = frozenset(
    """
    address article aside blockquote body br caption center dd details dialog div dl dt fieldset
    figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html legend li main menu nav
    ol optgroup option p pre section summary table tbody td tfoot th thead title tr ul
    """.split()  # noqa: SIM905 - a list of names reads better without quotes
)
_PARAGRAPHS = frozenset("p h1 h2 h3 h4 h5 h6 blockquote pre table ul ol dl title hr".split())  # noqa: SIM905
_DROPPED = frozenset("script style template noscript iframe object svg math canvas".split())  # noqa: SIM905
_NAME = re.compile(r"[A-Za-z][^\s/>]*")
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.I)
_STOP = re.compile(r"""=[ \t\n\r\f]*["']|>""")
_RUN = re.compile(r"[ \t\n\r\f]+")


def read(source: Source, reading: Reading, report: Report) -> Iterator[Document]:
    """The text of an HTML page as one document."""
    limit = reading.max_record_bytes
    parts: list[bytes] = []
    size = 0
    stream = ByteStream(source, report)
    for block in stream:
        parts.append(block)
        size += len(block)
        if size > limit:
            message = f"the page is longer than {limit:,} bytes; the rest is left out"
            report(Problem("too long", source.name, "", message))
            break
    data = b"".join(parts)[:limit]
    text = to_text(_decoded(data, source, report))
    if text:
        yield Document(text, source.name, 0, "byte")


def _decoded(data: bytes, source: Source, report: Report) -> str:
    named = _CHARSET.search(data[:2048])
    if named:
        try:
            codec = codecs.lookup(named[1].decode("ascii"))
            if codec.name != "utf-8" and codec._is_text_encoding:
                return data.decode(codec.name)
        except (LookupError, UnicodeError, ValueError):
            pass  # a wrong declaration is common: read as UTF-8, and broken lines are reported
    return decoded(Piece(data, 0, 1, False), source, report)


class _Writer:
    """Collects text with white space collapsed as a browser shows it."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.breaks = 0  # line ends owed before the next text
        self.space = False
        self.verbatim = 0

    def text(self, text: str) -> None:
        if self.verbatim:
            self._put(text)
            return
        shown = _RUN.sub(" ", text)
        inner = shown.strip(" ")
        if not inner:
            self.space = self.space or bool(shown)
            return
        self.space = self.space or shown.startswith(" ")
        self._put(inner)
        self.space = shown.endswith(" ")

    def _put(self, text: str) -> None:
        if self.breaks and self.parts:
            self.parts.append("\n" * self.breaks)
        elif self.space and self.parts and not self.verbatim:
            self.parts.append(" ")
        self.breaks, self.space = 0, False
        self.parts.append(text)

    def owe(self, breaks: int) -> None:
        self.breaks = max(self.breaks, breaks)
        self.space = False


def to_text(page: str) -> str:
    """The readable text of a page: scripts, styles and comments dropped, blocks on own lines.

    Never fails: what is not markup is text. Linear in the length of the page.

    >>> to_text("<p>One&nbsp;<b>two</b></p><script>x()</script><p>3 &lt; 4")
    'One\\xa0two\\n\\n3 < 4'
    """
    out = _Writer()
    at, length = 0, len(page)
    missing: set[str] = set()  # ends that were sought in vain: sought only once
    while at < length:
        opened = page.find("<", at)
        if opened < 0:
            opened = length
        if opened > at:
            out.text(entities.unescape(page[at:opened]))
        if opened == length:
            break
        at = _markup(page, opened, out, missing)
    return "".join(out.parts).strip("\n")


def _find(page: str, what: str, at: int, missing: set[str]) -> int:
    if what in missing:
        return -1
    found = page.find(what, at)
    if found < 0:
        missing.add(what)
    return found


def _markup(page: str, at: int, out: _Writer, missing: set[str]) -> int:
    """Deal with the "<" at `at`; returns where to go on."""
    following = page[at + 1 : at + 2]
    if page.startswith("<!--", at):
        end = _find(page, "-->", at + 2, missing)
        return end + 3 if end >= 0 else len(page)
    if following in ("!", "?"):
        end = _find(page, ">", at, missing)
        return end + 1 if end >= 0 else len(page)
    closing = following == "/"
    name_at = at + 1 + closing
    named = _NAME.match(page, name_at, name_at + 64)
    if named is None:
        out.text("<")
        return at + 1
    end = _tag_end(page, named.end(), missing)
    if end < 0:
        return len(page)
    name = named[0].lower()
    if name in _DROPPED and not closing and page[end - 2] != "/":
        return _dropped(page, name, end, missing)
    if name in _BLOCKS:
        out.owe(2 if name in _PARAGRAPHS else 1)
        if name == "pre":
            out.verbatim = 0 if closing else 1
    return end


def _tag_end(page: str, at: int, missing: set[str]) -> int:
    """Just after the ">" of a tag, past quoted values; -1 if it never ends."""
    while found := _STOP.search(page, at):
        if found[0] == ">":
            return found.end()
        close = _find(page, found[0][-1], found.end(), missing)
        if close < 0:  # a quote without an end: the tag ends where it seems to
            end = _find(page, ">", found.end(), missing)
            return end + 1 if end >= 0 else -1
        at = close + 1
    return -1


def _dropped(page: str, name: str, at: int, missing: set[str]) -> int:
    """Just after the end tag of an element whose content is no text."""
    seek = re.compile(f"</{name}", re.IGNORECASE)
    if f"</{name}" in missing:
        return len(page)
    found = seek.search(page, at)
    if found is None:
        missing.add(f"</{name}")
        return len(page)
    end = _find(page, ">", found.end(), missing)
    return end + 1 if end >= 0 else len(page)
