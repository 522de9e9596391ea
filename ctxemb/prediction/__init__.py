"""What language models expect: words at a place, bits of a text, and which of two sentences is likelier."""

from ctxemb.prediction.minimal_pairs import Judgement, judge_pairs
from ctxemb.prediction.predictor import Expectation, Predictor, Surprisal, load_predictor

__all__ = ["Expectation", "Judgement", "Predictor", "Surprisal", "judge_pairs", "load_predictor"]
