"""One Chromium for the tests of a file. It ends with them: its event loop must not meet other tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pages import chromium
from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found
