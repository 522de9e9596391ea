"""Word vectors in memory and on disk: what producers leave for consumers."""

from ctxemb.vectors.meta import StoreMeta
from ctxemb.vectors.packed import PackedText
from ctxemb.vectors.store import VectorStore
from ctxemb.vectors.word_vectors import WordVectors
from ctxemb.vectors.writer import StoreWriter

__all__ = ["PackedText", "StoreMeta", "StoreWriter", "VectorStore", "WordVectors"]
