"""Names, and the answer to a wrong one."""

from __future__ import annotations

import pytest

from ctxemb.errors import UnknownNameError
from ctxemb.suggest import Registry, unknown_name


def probes() -> Registry[int]:
    registry: Registry[int] = Registry("probe")
    registry.add("logistic", 1)
    registry.add("centroid", 2)
    return registry


def test_it_is_a_mapping_in_the_order_of_registration() -> None:
    assert dict(probes()) == {"logistic": 1, "centroid": 2}
    assert list(probes()) == ["logistic", "centroid"]
    assert len(probes()) == 2
    assert "logistic" in probes()
    assert "mlp" not in probes()
    assert probes().get("centroid") == 2


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown probe 'logistik'; did you mean 'logistic'\?"):
        _ = probes()["logistik"]
    with pytest.raises(UnknownNameError, match=r"unknown probe 'xyz'\. Known: centroid, logistic$"):
        _ = probes()["xyz"]
    assert str(unknown_name("model", "x", [])).startswith("unknown model 'x'.")


def test_a_name_is_given_once() -> None:
    registry = probes()
    with pytest.raises(ValueError, match="'logistic' is registered twice"):
        registry.add("logistic", 3)
    assert registry["logistic"] == 1
