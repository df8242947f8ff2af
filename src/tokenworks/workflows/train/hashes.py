"""The hashes of the corpus, for the manifest."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress

from tokenworks.workflows.corpus_hashes import corpus_hashes


class InputHashes:
    """The SHA-256 of what was named, computed beside the merging, which leaves processors idle."""

    def __init__(self, inputs: Iterable[str]) -> None:
        self._names = list(inputs)
        self._found: dict[str, str] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin, if there is anything to do and it has not begun."""
        if self._names and self._thread.ident is None:
            self._thread.start()

    def by_name(self) -> dict[str, str]:
        """The hashes, by name.

        Raises:
            OSError: a file cannot be read any more.
        """
        if self._thread.ident is not None:
            self._thread.join()
        return corpus_hashes(self._names) if self._found is None else self._found

    def _run(self) -> None:
        with suppress(OSError):  # told when the hashes are asked for
            self._found = corpus_hashes(self._names)
