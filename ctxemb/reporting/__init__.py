"""Results to a report that a reader can trust."""

from ctxemb.reporting.write import write_figures, write_report

__all__ = ["write_figures", "write_report"]
