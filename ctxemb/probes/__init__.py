"""Probes: what can be read off a vector, and how well; a file per probe."""

from ctxemb.probes.baselines import baselines_for, run_baseline
from ctxemb.probes.catalogue import all_probes, probe_for, probe_names, probes_for
from ctxemb.probes.logistic import PROBE as LOGISTIC
from ctxemb.probes.probe import Features, FitPredictProbe, Probe
from ctxemb.probes.run import Prediction, ProbeRun, run_probe
from ctxemb.probes.scalar_mix import run_mix
from ctxemb.probes.scoring import score_of, scored_labels, scored_results

__all__ = [
    "LOGISTIC",
    "Features",
    "FitPredictProbe",
    "Prediction",
    "Probe",
    "ProbeRun",
    "all_probes",
    "baselines_for",
    "probe_for",
    "probe_names",
    "probes_for",
    "run_baseline",
    "run_mix",
    "run_probe",
    "score_of",
    "scored_labels",
    "scored_results",
]
