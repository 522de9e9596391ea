"""Errors that ctxemb raises for what a user gave it; anything else that escapes is a bug of ours."""

from __future__ import annotations


class CtxembError(Exception):
    """Base of all errors with a message meant for the user: what was expected, what was found, where."""


class InputError(CtxembError):
    """Text, data or an option that cannot be used as given."""


class UnknownNameError(CtxembError):
    """A model, task, probe or layer that does not exist; the message suggests the nearest known name."""


class MissingFileError(CtxembError):
    """A file, folder or download that is not there; the message says how to get it."""


class FormatError(CtxembError):
    """A file whose content is not what its format promises; the message names file and place."""


class StorageError(CtxembError):
    """A folder that cannot be written now: its disk is full, or another process writes to it."""
