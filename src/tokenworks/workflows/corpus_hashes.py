"""The hashes of a corpus, for manifests: of each file named, and one of each folder or pattern."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from tokenworks.errors import TokenworksError
from tokenworks.files import sha256
from tokenworks.text import sources


def corpus_hashes(names: Iterable[str | os.PathLike[str]]) -> dict[str, str]:
    """The SHA-256 of what was named, by name.

    That of a folder or a pattern is of the list that `sha256sum` prints of its files, in the order in
    which they are read. Standard input and what lies elsewhere are left out.

    Raises:
        OSError: a file cannot be read any more.
    """
    found: dict[str, str] = {}
    for named in names:
        name = os.fspath(named)
        if Path(name).is_file():
            found[name] = sha256(name)
            continue
        files = [Path(path) for path in _paths(name)]
        if files:
            digest = hashlib.sha256()
            for file in files:
                digest.update(f"{sha256(file)}  ".encode() + os.fsencode(file) + b"\n")
            found[name] = digest.hexdigest()
    return found


def _paths(name: str) -> list[str]:
    try:
        found = sources(name, offline=True, quiet=True)
    except TokenworksError:  # it lies elsewhere, or is gone
        return []
    return [one.path for one in found if Path(one.path).is_file()]
