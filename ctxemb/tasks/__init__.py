"""Tasks: sentences, spans and labels to probe vectors with; one file per data set."""

from ctxemb.tasks.base import Example, Span, Task
from ctxemb.tasks.catalogue import all_data_sets, is_task, load_task, task_names, unknown_task
from ctxemb.tasks.data_set import Content, DataSet
from ctxemb.tasks.formats.rows import SkippedRows

__all__ = [
    "Content",
    "DataSet",
    "Example",
    "SkippedRows",
    "Span",
    "Task",
    "all_data_sets",
    "is_task",
    "load_task",
    "task_names",
    "unknown_task",
]
