"""What the options of supertokens do."""

from __future__ import annotations

import pytest

from tokenworks.data.udhr import declarations
from tokenworks.errors import OptionError
from tokenworks.training.bpe import bpe
from tokenworks.training.source import TextSource
from tokenworks.training.supertokens import supertokens


def test_seed_lengths_and_weights() -> None:
    source = TextSource.of_texts([one.text for one in declarations()[:20]])
    first = supertokens(source, 600, seed=1)
    assert first.sha256 == supertokens(source, 600, seed=1).sha256
    assert first.merges != supertokens(source, 600, seed=2).merges
    words = supertokens(source, 600, lengths=(1,), weights=(1,))
    assert words.merges == bpe(source, 600, pattern="o200k").merges
    for options in ({"lengths": (1, 2)}, {"weights": (0, 0, 0, 0)}, {"lengths": (0, 1, 2, 3)}):
        with pytest.raises(OptionError, match="weights"):
            supertokens(source, 600, **options)
