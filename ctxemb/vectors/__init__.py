"""Word vectors in memory and on disk: what producers leave for consumers."""

from ctxemb.vectors.store import StoreMeta, StoreWriter, VectorStore
from ctxemb.vectors.word_vectors import WordVectors

__all__ = ["StoreMeta", "StoreWriter", "VectorStore", "WordVectors"]
