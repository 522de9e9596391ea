"""Words per second of pretraining, against the same architectures trained by a plain loop, in one run.

    python benchmarks/speed/pretrain.py [--dtype bfloat16]

The peers are `transformers`' GPT-2 and BERT of the same sizes, and an ELMo whose LSTMs are AllenNLP's cells
on padded batches, with the characters of every word convolved anew, as AllenNLP does; its softmax is ours.
All see the same batches of our own sentences, encoded and padded beforehand, and take whole steps: forward,
backward, clipping, AdamW.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from lstm import peers
from timing import medians
from torch import Tensor, nn
from transformers import BertConfig, BertForPreTraining, GPT2Config, GPT2LMHeadModel

from ctxemb.models.bert import Bert
from ctxemb.models.checkpoints import load_network
from ctxemb.models.elmo import Elmo, ElmoConfig
from ctxemb.models.gpt import Gpt
from ctxemb.pretraining.bilm import BiLMObjective
from ctxemb.pretraining.causal import CausalObjective
from ctxemb.pretraining.masked import MaskedObjective
from ctxemb.pretraining.objective import IGNORED, Batch, Objective, predicted, total_loss
from ctxemb.shipped import shipped_path
from ctxemb.tasks import load_task

Loss = Callable[[], Tensor]


def objectives() -> dict[str, Objective]:
    """Return the three objectives, each with new weights of the shipped sizes."""
    words: dict[str, int] = {}
    for sentence in load_task("senses").sentences:
        for word in sentence.words:
            words[word] = words.get(word, 0) + 1
    counts = {**words, **{f"word{i}": 1 for i in range(30_000 - len(words))}}
    config = load_network(shipped_path("models", "elmo")).config
    assert isinstance(config, ElmoConfig)
    elmo = BiLMObjective(Elmo(config), counts, min_count=1)
    gpt, bert = (load_network(shipped_path("models", name)) for name in ("gpt", "bert"))
    assert isinstance(gpt, Gpt)
    assert isinstance(bert, Bert)
    return {
        "elmo": elmo,
        "gpt": CausalObjective(Gpt(gpt.config, gpt.tokenizer)),
        "bert": MaskedObjective(Bert(bert.config, bert.tokenizer)),
    }


def padded(batch: Batch, values: Tensor, filler: int) -> Tensor:
    """Return (n_windows, longest) values of a batch's pieces."""
    parts = torch.split(values, batch.encoding.lengths.tolist())
    return nn.utils.rnn.pad_sequence(parts, batch_first=True, padding_value=filler)


class GptPeer(nn.Module):
    """GPT-2 of `transformers`."""

    def __init__(self, objective: CausalObjective) -> None:
        super().__init__()
        c = objective.network.config
        self.model = GPT2LMHeadModel(
            GPT2Config(
                vocab_size=c.n_vocabulary, n_positions=c.n_positions, n_embd=c.width, n_layer=c.n_blocks,
                n_head=c.n_heads, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, use_cache=False,
                bos_token_id=0, eos_token_id=0,
            )
        )  # fmt: skip

    def prepare(self, batch: Batch) -> Loss:
        """Return the loss of a batch that is padded beforehand."""
        pieces = padded(batch, batch.encoding.pieces, 0)
        return lambda: self.model(input_ids=pieces, labels=pieces).loss


class BertPeer(nn.Module):
    """BERT of `transformers` with the heads of its pretraining."""

    def __init__(self, objective: MaskedObjective) -> None:
        super().__init__()
        c = objective.network.config
        self.model = BertForPreTraining(
            BertConfig(
                vocab_size=c.n_vocabulary, max_position_embeddings=c.n_positions, hidden_size=c.width,
                num_hidden_layers=c.n_blocks, num_attention_heads=c.n_heads, intermediate_size=c.hidden,
                hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
            )
        )  # fmt: skip

    def prepare(self, batch: Batch) -> Loss:
        """Return the loss of a batch that is padded beforehand."""
        assert batch.segments is not None
        pieces = padded(batch, batch.encoding.pieces, 0)
        inputs = {
            "input_ids": pieces,
            "token_type_ids": padded(batch, batch.segments, 0),
            "attention_mask": padded(batch, torch.ones_like(batch.segments), 0),
            "labels": padded(batch, batch.targets["masked"], IGNORED),
            "next_sentence_label": padded(batch, batch.targets["next_sentence"], IGNORED)[:, 0],
        }
        return lambda: self.model(**inputs).loss


class ElmoPeer(nn.Module):
    """ELMo with AllenNLP's cells, padded, and no word convolved only once."""

    def __init__(self, objective: BiLMObjective) -> None:
        super().__init__()
        self.objective = objective
        network, c = objective.network, objective.network.config
        self.head = objective.head
        self.stacks = nn.ModuleList(
            nn.ModuleList(peers(layer, c.width, c.cell_width)) for layer in network.lstm
        )

    def prepare(self, batch: Batch) -> Loss:
        """Return the loss of a batch that is padded beforehand."""
        spellings = batch.encoding.spellings
        assert spellings is not None
        rows = padded(batch, batch.encoding.pieces, 0).flip(0)  # the cells want the longest first
        lengths = batch.encoding.lengths.flip(0).tolist()
        targets = [
            torch.cat(
                [padded(batch, batch.targets[name], IGNORED).flip(0)[i, :n] for i, n in enumerate(lengths)]
            )
            for name in ("forward", "backward")
        ]

        def loss() -> Tensor:
            x = self.objective.network.characters(spellings[rows.reshape(-1)]).view(*rows.shape, -1)
            directions = [x, x]
            for number, stack in enumerate(self.stacks):
                for direction, cell in enumerate(stack):
                    out = cell(directions[direction], lengths)[0]
                    directions[direction] = out + directions[direction] if number else out
            total = x.new_zeros(())
            for context, goal in zip(directions, targets, strict=True):
                flat = torch.cat([context[i, :n] for i, n in enumerate(lengths)])
                chosen = predicted(goal)
                total = total + self.objective._sampled(flat[chosen], goal[chosen]) / len(chosen)
            return total / 2

        return loss


PEERS: dict[str, tuple[str, Callable[..., nn.Module]]] = {
    "elmo": ("allennlp", ElmoPeer),
    "gpt": ("transformers", GptPeer),
    "bert": ("transformers", BertPeer),
}


def steps(module: nn.Module, losses: Sequence[Loss], dtype: str) -> Callable[[], None]:
    """Return what takes a step for each of the losses."""
    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-4)

    def run() -> None:
        module.train()
        for loss in losses:
            with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
                value = loss()
            optimizer.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()

    return run


def our_losses(objective: Objective, batches: Sequence[Batch]) -> Iterator[Loss]:
    for batch in batches:
        counts = batch.counts()
        yield lambda batch=batch, counts=counts: total_loss(objective, objective.losses(batch), counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--batch-words", type=int, default=2048)
    parser.add_argument("--batches", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--families", nargs="+", choices=tuple(PEERS), default=tuple(PEERS))
    arguments = parser.parse_args()
    sentences = load_task("senses").sentences
    documents = [list(sentences[i : i + 30]) for i in range(0, len(sentences), 30)]
    print(f"{torch.get_num_threads()} threads, {arguments.dtype}, {arguments.batch_words} words a step")
    for name, objective in objectives().items():
        if name not in arguments.families:
            continue
        torch.manual_seed(0)
        generator = np.random.default_rng(0)
        batches = list(objective.batches(documents, arguments.batch_words, generator, 1.0))
        batches = batches[: arguments.batches]
        peer, make = PEERS[name]
        other = make(objective)
        dtype = arguments.dtype
        runs = {
            "ours": steps(objective.module, list(our_losses(objective, batches)), dtype),
            peer: steps(other, [other.prepare(batch) for batch in batches], dtype),  # type: ignore[operator]
        }
        found = medians(runs, arguments.repeats)
        n_words = sum(batch.n_words for batch in batches)
        speeds = "   ".join(f"{who} {n_words / seconds:8,.0f} words/s" for who, seconds in found.items())
        print(f"  {name:5} {speeds}   ratio {found[peer] / found['ours']:.2f}")


if __name__ == "__main__":
    main()
