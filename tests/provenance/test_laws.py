"""Every registered method of provenance is held to the laws of its family."""

from __future__ import annotations

import pytest

from tokenworks.registry import methods
from tokenworks.testing import check


@pytest.mark.parametrize("key", [info.key for info in methods("provenance")])
def test_laws(key: str) -> None:
    check(key)
