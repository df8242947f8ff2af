"""The exceptions of tokenworks: one tree, each message says what would be right."""

from __future__ import annotations


class TokenworksError(Exception):
    """Base of every error that bad input can cause; the command line prints it and exits with 2."""


class FormatError(TokenworksError):
    """A file is not what it was taken for: names the file, the place in it and what was expected."""


class UnsupportedError(TokenworksError):
    """A valid input asks for something that cannot be done exactly; the message says what can."""


class OptionError(TokenworksError, ValueError):
    """An argument or option is out of range; names it, the value, and the values allowed."""


class UnknownNameError(TokenworksError, KeyError):
    """No method, tokenizer or file of this name; the message lists the nearest known names."""

    def __str__(self) -> str:  # KeyError would print the repr
        return str(self.args[0]) if self.args else ""


class TextError(TokenworksError, ValueError):
    """A text cannot be encoded as asked: a lone surrogate, or a special token without a policy."""


class MissingExtraError(TokenworksError, ImportError):
    """An optional dependency is absent; the message is the exact `pip install` line."""


class WriteError(TokenworksError, OSError):
    """Writing failed (disk full, no permission); nothing half-written is left behind."""


class ShardError(TokenworksError):
    """Work on one shard of a corpus failed for good; names the shard and says why."""


class TokenworksWarning(UserWarning):
    """Something that the user should know and that does not stop the work."""
