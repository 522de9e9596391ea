"""ELMo in ctxemb's own form: ``config.json`` with ``"family": "elmo"``, and weights under our names."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save

from ctxemb.atomic import write_text, write_whole
from ctxemb.errors import FormatError
from ctxemb.models.building import Network, empty_network, random_network, ready
from ctxemb.models.elmo import Elmo, ElmoConfig
from ctxemb.models.formats.config_values import CONFIG, MOST_BLOCKS, Values, has_value, read_config_values
from ctxemb.models.formats.naming import Rule, fill, stored
from ctxemb.models.formats.weights import SAFE, read_tensors
from ctxemb.models.model_format import Published


class OwnElmo:
    """See `ModelFormat`."""

    name = family = Elmo.family
    small_files: tuple[str, ...] = (CONFIG,)
    published: tuple[Published, ...] = ()
    is_own = True

    def matches(self, folder: Path) -> bool:
        """Return whether a folder is of this form."""
        return has_value(folder, "family", self.family)

    def read(self, folder: Path, random_init: int | None = None) -> Network:
        """Read the network in a folder."""
        config = _read_config(read_config_values(folder))
        if random_init is not None:
            return random_network(config, None, folder / CONFIG, random_init)
        tensors = read_tensors(folder)
        network = empty_network(config, None, folder / CONFIG)
        if odd := sorted(set(tensors.names) - network.state_dict().keys()):
            raise FormatError(f"{tensors.path}: unknown tensors: {', '.join(odd)}")
        fill(network, tensors, _rules(network), {name: name for name in tensors.names})
        return ready(network)

    def writes(self, network: Any) -> bool:
        """Return whether a network can be written in this form."""
        return isinstance(network, Elmo)

    def write(self, network: Elmo, folder: Path, dtype: torch.dtype) -> None:
        """Write a network to a folder."""
        values = {"family": network.family, **dataclasses.asdict(network.config)}
        if network.config.skip_connections:
            del values["skip_connections"]  # as all models have them, their files need not say so
        write_text(folder / CONFIG, json.dumps(values, indent=2) + "\n")
        tensors = {name: tensor.to("cpu", dtype) for name, tensor in stored(network, _rules(network)).items()}
        content = save(tensors, metadata={"format": "pt"})
        write_whole(folder / SAFE, lambda path: path.write_bytes(content))


def _rules(network: Network) -> list[Rule]:
    return [Rule(name, (name,)) for name in network.state_dict()]


def _read_config(values: Values) -> ElmoConfig:
    own = {key: value for key, value in values.values.items() if key != "family"}
    try:
        if "filters" in own:
            own["filters"] = tuple(tuple(pair) for pair in own["filters"])
        config = ElmoConfig(**own)
        if max(config.n_lstm_layers, config.n_highway) > MOST_BLOCKS:
            raise FormatError(f"{values.path}: no network has more than {MOST_BLOCKS} layers")
        return config  # noqa: TRY300
    except TypeError as error:
        raise FormatError(f"{values.path}: not a configuration of elmo: {error}") from error


FORMAT = OwnElmo()
