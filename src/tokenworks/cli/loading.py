"""Loading the tokenizer that a verb was given, under the common options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tokenworks.cli.settings import settings

if TYPE_CHECKING:
    from tokenworks.tokenizer import Tokenizer


def load(name: str) -> Tokenizer:
    """The tokenizer of this name; only `hf://` names may touch the network, unless `--offline`.

    Raises:
        TokenworksError: there is none, or it cannot be read.
    """
    from tokenworks.tokenizer import Tokenizer

    return Tokenizer.load(name, offline=settings().offline)
