"""Words in, vectors out: batches, pooling, and storing."""

from ctxemb.extraction.embed import embed, embed_ways
from ctxemb.extraction.layers import parse_layers
from ctxemb.extraction.storing import EmbedSummary, embed_to_store

__all__ = ["EmbedSummary", "embed", "embed_to_store", "embed_ways", "parse_layers"]
