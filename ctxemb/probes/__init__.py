"""Probes: what can be read off a vector, and how well."""

from ctxemb.probes.baselines import baselines_for, run_baseline
from ctxemb.probes.clustering import Clustering, cluster_labels
from ctxemb.probes.control import control_task
from ctxemb.probes.description_length import Codelength, description_length
from ctxemb.probes.kinds import Features, probe_for, probe_names, probes_for
from ctxemb.probes.projection import project
from ctxemb.probes.run import Prediction, ProbeRun, run_probe
from ctxemb.probes.scalar_mix import run_mix
from ctxemb.probes.scoring import score_of, scored_labels, scored_results

__all__ = [
    "Clustering",
    "Codelength",
    "Features",
    "Prediction",
    "ProbeRun",
    "baselines_for",
    "cluster_labels",
    "control_task",
    "description_length",
    "probe_for",
    "probe_names",
    "probes_for",
    "project",
    "run_baseline",
    "run_mix",
    "run_probe",
    "score_of",
    "scored_labels",
    "scored_results",
]
