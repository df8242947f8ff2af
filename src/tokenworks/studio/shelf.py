"""The tokenizers that the page may name: embedded, given at the start, or dropped; never a path."""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenworks.errors import FormatError, OptionError, TokenworksError, UnknownNameError
from tokenworks.tokenizer import embedded

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer
    from tokenworks.workflows.token_steps import Explainer

MAX_FILE = 64 << 20  # bytes; the largest published tokenizer file is about 35 MB
MAX_DROPPED = 12
MAX_NAME = 60  # characters
COMPRESSED = (b"\x1f\x8b", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"PK\x03\x04")
_MODELS = {"Bpe": "BPE", "Unigram": "Unigram", "WordPiece": "WordPiece"}


@dataclass(slots=True)
class Held:
    """A tokenizer in memory."""

    tokenizer: Tokenizer
    explainer: Explainer
    dropped: bool = False


class Shelf:
    """The tokenizers by name; embedded ones are loaded when first used."""

    def __init__(self, given: Sequence[Tokenizer] = ()) -> None:
        """
        Args:
            given: tokenizers with different names, offered before the embedded ones.
        """
        self._lock = threading.Lock()
        self._held: dict[str, Held] = {}
        for tokenizer in given:
            self._hold(tokenizer.name, tokenizer)
        self._given = tuple(self._held)
        self._embedded = {
            name: tuple(entry.get("aliases", ())) for name, entry in embedded.index().items()
        }

    @property
    def given(self) -> tuple[str, ...]:
        """The names of those given at the start."""
        return self._given

    def names(self) -> list[str]:
        """Every name, given ones first, dropped ones last."""
        rest = [name for name in self._embedded if name not in self._given]
        dropped = [name for name, held in self._held.items() if held.dropped]
        return [*self._given, *rest, *dropped]

    def get(self, name: str) -> Held:
        """The tokenizer of this name.

        Raises:
            UnknownNameError: the page may not name it.
        """
        held = self._held.get(name)
        if held is not None:
            return held
        if not any(name == key or name in aliases for key, aliases in self._embedded.items()):
            raise UnknownNameError(
                f"no tokenizer {name[:MAX_NAME]!r} here; drop its file on the page, or name its path "
                f"where the studio is started"
            )
        from tokenworks.tokenizer import Tokenizer

        return self._hold(name, Tokenizer.load(name, offline=True))

    def about(self, name: str) -> dict[str, Any]:
        """What the page shows of a name; sizes are known once it is loaded."""
        held = self._held.get(name)
        shown: dict[str, Any] = {"name": name, "aliases": list(self._embedded.get(name, ()))}
        shown["dropped"] = held is not None and held.dropped
        if held is not None:
            shown["size"] = held.tokenizer.n_tokens
            shown["model"] = _MODELS[type(held.tokenizer.definition.model).__name__]
        return shown

    def drop(self, file_name: str, data: bytes) -> str:
        """Take in a tokenizer file, which is recognised by its content; nothing in it is run.

        Args:
            file_name: as the browser tells it; only shown.
            data: of the file.

        Returns:
            The name that it has from now on.

        Raises:
            TokenworksError: it is no tokenizer, or there are too many.
        """
        from tokenworks.tokenizer import Tokenizer
        from tokenworks.tokenizer.names import read_path

        if sum(held.dropped for held in self._held.values()) >= MAX_DROPPED:
            raise OptionError(f"{MAX_DROPPED} files are held already; remove one of them first")
        shown = _printable(file_name) or "file"
        if data.startswith(COMPRESSED):
            raise FormatError(f"{shown}: compressed; drop the file unpacked")
        with tempfile.TemporaryDirectory(prefix="tokenworks-studio-") as folder:
            # The name may tell the encoding of a rank file; nothing else of it is kept.
            path = Path(folder) / (_plain(file_name) or "tokenizer")
            path.write_bytes(data)
            try:
                definition = read_path(path)
                tokenizer = Tokenizer.from_definition(definition)
                tokenizer.encode_spans("a")  # what the core cannot do exactly is told now
            except TokenworksError as error:
                raise type(error)(str(error).replace(str(path), shown)) from None
        stem = shown.rpartition(".")[0] or shown
        with self._lock:
            name, number = stem, 2
            taken = {*self._held, *embedded.names()}
            while name in taken:
                name, number = f"{stem} ({number})", number + 1
            renamed = Tokenizer.from_definition(replace(definition, name=name))
            self._hold(name, renamed, dropped=True, locked=True)
        return name

    def remove(self, name: str) -> None:
        """Forget a dropped tokenizer.

        Raises:
            UnknownNameError: no dropped one has this name.
        """
        with self._lock:
            if name not in self._held or not self._held[name].dropped:
                raise UnknownNameError(f"no dropped tokenizer {name[:MAX_NAME]!r}")
            del self._held[name]

    def _hold(
        self, name: str, tokenizer: Tokenizer, *, dropped: bool = False, locked: bool = False
    ) -> Held:
        from tokenworks.workflows.token_steps import Explainer

        held = Held(tokenizer, Explainer(tokenizer), dropped)
        if locked:
            return self._held.setdefault(name, held)
        with self._lock:
            return self._held.setdefault(name, held)


def _printable(file_name: str) -> str:
    last = re.split(r"[/\\]", file_name)[-1]
    return "".join(c for c in last if c.isprintable())[:MAX_NAME].strip()


def _plain(file_name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", _printable(file_name)).lstrip(".")
