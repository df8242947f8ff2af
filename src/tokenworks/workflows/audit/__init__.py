"""`audit`: which tokens no text can produce and why, and how a tokenizer cuts, wastes and drifts."""

from __future__ import annotations

from tokenworks.workflows.audit.result import AuditResult, Finding, Token
from tokenworks.workflows.audit.run import audit

__all__ = ["AuditResult", "Finding", "Token", "audit"]
