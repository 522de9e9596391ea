"""The version of ctxemb, which results, stores and reports record."""

from __future__ import annotations

__version__ = "0.1.0"
