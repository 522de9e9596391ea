"""Formats of task data: rows of columns, labelled rows, words in columns, folds and conversions."""
