"""Bare torch modules that the models are made of; they know nothing of words or checkpoints."""
