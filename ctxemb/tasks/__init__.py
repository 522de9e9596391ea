"""Tasks: sentences, spans and labels to probe vectors with; one file per data set."""

from ctxemb.tasks.base import Example, Span, Task
from ctxemb.tasks.catalogue import is_task, load_task, task_names, unknown_task
from ctxemb.tasks.rows import SkippedRows

__all__ = ["Example", "SkippedRows", "Span", "Task", "is_task", "load_task", "task_names", "unknown_task"]
