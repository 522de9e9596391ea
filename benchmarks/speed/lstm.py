"""Our LSTM layer against AllenNLP's cell, both directions, the same weights and sentences, in one run.

    python benchmarks/speed/lstm.py

Both run on the threads that torch has been given. AllenNLP's cell takes a padded batch, as it does in its own
encoder; sentences are sorted by length for it, which it needs.
"""

from __future__ import annotations

import argparse

import torch
from allennlp_light.modules.lstm_cell_with_projection import LstmCellWithProjection
from timing import medians

from ctxemb.layers.lstm import BiLSTMLayer, time_order

SHAPES = {"elmo-small": (128, 1024), "elmo-original": (512, 4096)}


def peers(layer: BiLSTMLayer, width: int, cell_width: int) -> list[LstmCellWithProjection]:
    """Return AllenNLP's two cells with the weights of `layer`."""
    cells = []
    for direction in range(2):
        cell = LstmCellWithProjection(
            width,
            width,
            cell_width,
            go_forward=direction == 0,
            memory_cell_clip_value=layer.cell_clip,
            state_projection_clip_value=layer.state_clip,
        )
        with torch.no_grad():
            cell.input_linearity.weight.copy_(layer.input_weight[direction])
            cell.state_linearity.weight.copy_(layer.state_weight[direction])
            cell.state_linearity.bias.copy_(layer.bias[direction])
            cell.state_projection.weight.copy_(layer.projection[direction])
        cells.append(cell)
    return cells


def measure(width: int, cell_width: int, n_sentences: int, repeats: int) -> None:
    """Print words per second of both, for embedding and for a training step."""
    torch.manual_seed(0)
    layer = BiLSTMLayer(width, width, cell_width, cell_clip=3.0, state_clip=3.0)
    cells = peers(layer, width, cell_width)
    lengths = torch.randint(5, 45, (n_sentences,)).sort(descending=True).values
    sentences = [torch.randn(int(length), width) for length in lengths]
    packed = torch.cat(sentences)
    padded = torch.nn.utils.rnn.pad_sequence(sentences, batch_first=True)
    order, running = time_order(lengths)

    def ours() -> torch.Tensor:
        return layer(packed[order], running)

    def theirs() -> list[torch.Tensor]:
        return [cell(padded, lengths.tolist())[0] for cell in cells]

    with torch.inference_mode():
        mine, back = ours(), order.argsort(dim=1)
        for direction, found in enumerate(theirs()):
            flat = torch.cat([found[i, : int(n)] for i, n in enumerate(lengths)])
            difference = float((mine[direction, back[direction]] - flat).abs().max())
            assert difference < 1e-5, difference
        embedding = medians({"ours": ours, "allennlp": theirs}, repeats)

    def ours_step() -> None:
        ours().square().sum().backward()

    def their_step() -> None:
        sum(found.square().sum() for found in theirs()).backward()  # type: ignore[union-attr]

    training = medians({"ours": ours_step, "allennlp": their_step}, max(2, repeats // 2))
    n_words = int(lengths.sum())
    for what, found in (("embedding", embedding), ("training step", training)):
        speeds = "   ".join(f"{name} {n_words / seconds:9,.0f} words/s" for name, seconds in found.items())
        print(f"  {what:14} {speeds}   ratio {found['allennlp'] / found['ours']:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    for name, (width, cell_width) in SHAPES.items():
        print(f"{name}: {width} wide, {cell_width} cells, {torch.get_num_threads()} threads")
        measure(width, cell_width, arguments.sentences, arguments.repeats)


if __name__ == "__main__":
    main()
