"""Files of a repository of the Hugging Face Hub, under the name `hf://org/name[@revision]`.

Only data is fetched: what is asked for by pattern, never code, and nothing that is fetched is run.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tokenworks.errors import (
    FormatError,
    MissingExtraError,
    TokenworksError,
    UnknownNameError,
    UnsupportedError,
)

PREFIX = "hf://"
NAME = re.compile(r"[\w.-]+(/[\w.-]+)?(@[\w./-]+)?")


def fetch(url: str, patterns: Sequence[str], *, offline: bool) -> Path:
    """Fetch files of a repository, or find them in the local cache.

    Args:
        url: `hf://org/name` or `hf://org/name@revision`.
        patterns: which files, as globs.
        offline: use the cache alone; the environment's HF_HUB_OFFLINE does as well.

    Returns:
        The folder that holds them.

    Raises:
        UnknownNameError: no such repository or revision, or none in the cache when offline.
        UnsupportedError: it is gated, or the Hub does not answer.
        FormatError: the repository has no such files.
        MissingExtraError: without the package huggingface-hub.
    """
    name = url.removeprefix(PREFIX)
    if not NAME.fullmatch(name):
        raise UnknownNameError(f"{url}: expected {PREFIX}org/name or {PREFIX}org/name@revision")
    try:
        from huggingface_hub import constants, snapshot_download
    except ImportError:
        raise MissingExtraError("hf:// names need: pip install 'tokenworks[hf]'") from None
    offline = offline or constants.HF_HUB_OFFLINE
    repository, _, revision = name.partition("@")
    try:
        with _quiet():
            found = snapshot_download(
                repository,
                revision=revision or None,
                allow_patterns=list(patterns),
                local_files_only=offline,
            )
    except Exception as error:  # its errors are many, and of the network's kind
        if offline:
            raise UnknownNameError(
                f"{url}: not in the local cache, and the network is refused (offline)"
            ) from None
        raise _refusal(url, error) from None
    folder = Path(found)
    if not folder.is_dir():
        raise FormatError(f"{url}: the repository has none of {', '.join(patterns[:3])}, ...")
    return folder


@contextmanager
def _quiet() -> Iterator[None]:
    """Progress on a terminal alone, and no warnings: what matters is said here."""
    import huggingface_hub.utils

    bars: Any = huggingface_hub.utils  # its functions carry no types

    logger = logging.getLogger("huggingface_hub")
    level, shown = logger.level, not bars.are_progress_bars_disabled()
    logger.setLevel(logging.ERROR)
    hide = shown and not sys.stderr.isatty()
    if hide:
        bars.disable_progress_bars()
    try:
        yield
    finally:
        logger.setLevel(level)
        if hide:
            bars.enable_progress_bars()


def _refusal(url: str, error: Exception) -> TokenworksError:
    """What the Hub's client says, in one line that tells what to do."""
    from huggingface_hub import errors

    repository, _, revision = url.removeprefix(PREFIX).partition("@")
    causes: list[BaseException] = [error]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    for cause in causes:
        if isinstance(cause, errors.GatedRepoError):
            return UnsupportedError(
                f"{url}: {repository} is gated; ask for access on its page, then log in with "
                "`hf auth login`"
            )
        if isinstance(cause, errors.RepositoryNotFoundError):
            return UnknownNameError(
                f"{url}: no such repository on the Hub, or it is private and you are not "
                "logged in (`hf auth login`)"
            )
        if isinstance(cause, errors.RevisionNotFoundError):
            return UnknownNameError(f"{url}: no such revision of {repository}: {revision}")
    last = causes[-1]
    said = str(last).strip().splitlines()[:1]
    return UnsupportedError(
        f"{url}: the Hub cannot be reached and no copy is in the local cache "
        f"({type(last).__name__}: {said[0] if said else 'no answer'})"
    )
