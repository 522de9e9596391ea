"""Checkpoints as they are published: which files and names become which of our tensors."""
