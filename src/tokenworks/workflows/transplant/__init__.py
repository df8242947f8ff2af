"""`transplant`: give a model another vocabulary, and prove what it kept."""

from __future__ import annotations

from tokenworks.workflows.transplant.result import TransplantResult
from tokenworks.workflows.transplant.run import transplant

__all__ = ["TransplantResult", "transplant"]
