"""Every registered training method is held to the laws of its family."""

from __future__ import annotations

import pytest

from tokenworks.data.udhr import declarations
from tokenworks.errors import OptionError
from tokenworks.registry import methods
from tokenworks.testing import check
from tokenworks.training.bpe import bpe
from tokenworks.training.source import TextSource
from tokenworks.training.supertokens import supertokens


@pytest.mark.parametrize("key", [info.key for info in methods("training")])
def test_laws(key: str) -> None:
    check(key)


def test_supertokens_know_their_options() -> None:
    source = TextSource.of_texts([one.text for one in declarations()[:20]])
    first = supertokens(source, 600, seed=1)
    assert first.sha256 == supertokens(source, 600, seed=1).sha256
    assert first.merges != supertokens(source, 600, seed=2).merges
    words = supertokens(source, 600, lengths=(1,), weights=(1,))
    assert words.merges == bpe(source, 600, pattern="o200k").merges
    for options in ({"lengths": (1, 2)}, {"weights": (0, 0, 0, 0)}, {"lengths": (0, 1, 2, 3)}):
        with pytest.raises(OptionError, match="weights"):
            supertokens(source, 600, **options)
