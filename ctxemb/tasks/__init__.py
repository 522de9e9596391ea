"""Tasks: sentences, spans and labels to probe vectors with; one file per data set."""

from ctxemb.tasks.base import Example, Span, Task
from ctxemb.tasks.catalogue import load_task, task_names

__all__ = ["Example", "Span", "Task", "load_task", "task_names"]
