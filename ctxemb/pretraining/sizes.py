"""What a pretraining makes: sizes that the families share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes that the three families share; the defaults are those of the models that ship with ctxemb.

    An ELMo of 2 LSTM layers with 1024 cells and 128-wide states in each direction has as many weights between
    its first layer and its last (4.7 million) as 6 Transformer blocks of width 256.

    Parameters
    ----------
    width
        Of a layer's vector; each of ELMo's directions has half.
    n_blocks, n_heads
        Of the Transformers.
    cell_width
        Of ELMo's LSTMs.
    n_vocabulary
        Pieces of the Transformers.
    n_positions
        Pieces in a window of the Transformers.
    n_words
        Words in the softmax of ELMo's language model, at most.
    n_samples
        Words that a step of this softmax is scored against.
    state_clip
        Largest magnitude of ELMo's cells and states, as in the published model; None for no bound, so that a
        GPU can use cuDNN's LSTM.
    """

    width: int = 256
    n_blocks: int = 6
    n_heads: int = 4
    cell_width: int = 1024
    n_vocabulary: int = 8192
    n_positions: int = 128
    n_words: int = 30_000
    n_samples: int = 2048
    state_clip: float | None = 3.0
