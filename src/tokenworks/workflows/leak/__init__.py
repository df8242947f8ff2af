"""`leak`: how easily a chat model repeats its prompt, and what each defence changes."""

from __future__ import annotations

from tokenworks.workflows.leak.result import LeakResult, Measured
from tokenworks.workflows.leak.run import leak

__all__ = ["LeakResult", "Measured", "leak"]
