"""Words and sentences: the text side of the pipeline."""
