"""One running studio for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from running_studio import Client, started


@pytest.fixture(scope="session")
def studio() -> Iterator[Client]:
    with started() as client:
        yield client
