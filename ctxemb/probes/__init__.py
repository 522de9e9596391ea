"""Probes: what can be read off a vector, and how well."""

from ctxemb.probes.projection import project
from ctxemb.probes.run import PROBES, Mix, Probe, run_bag_of_words, run_majority, run_mix, run_probe

__all__ = ["PROBES", "Mix", "Probe", "project", "run_bag_of_words", "run_majority", "run_mix", "run_probe"]
