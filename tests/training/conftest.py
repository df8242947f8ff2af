"""Workers import the texts of these tests by name, so their folder must be on the path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def importable_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    here = str(Path(__file__).parent)
    monkeypatch.syspath_prepend(here)
    # workers of a cluster take their path from the environment in which it was started
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [here, os.getenv("PYTHONPATH")])))
