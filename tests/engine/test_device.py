"""Which device is chosen, where this machine has no GPU at all: torch's own questions are answered by the tests."""

from __future__ import annotations

import pytest
import torch

from medvid.core.errors import ConfigError
from medvid.engine.device import choose_device, device_name


def machine(monkeypatch: pytest.MonkeyPatch, *, cuda: bool = False, mps: bool = False) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"), [(False, False, "cpu"), (False, True, "mps"), (True, False, "cuda"), (True, True, "cuda")]
)
def test_auto_takes_a_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch, cuda: bool, mps: bool, chosen: str) -> None:
    machine(monkeypatch, cuda=cuda, mps=mps)
    assert choose_device("auto") == chosen
    assert choose_device("cpu") == "cpu"


@pytest.mark.parametrize(
    ("wanted", "way_out"), [("cuda", "install a CUDA build"), ("mps", "a Mac with Apple silicon"), ("metal", "give auto, cpu, cuda or mps")]
)
def test_a_device_that_is_not_there_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch, wanted: str, way_out: str) -> None:
    machine(monkeypatch)
    with pytest.raises(ConfigError, match=f"the device {wanted} is not there .*use --device cpu, or .*{way_out}"):
        device_name(wanted)


def test_an_apple_gpu_is_named_with_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, mps=True)
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 12 * 2**30)
    assert device_name("auto") == device_name("mps") == "Apple GPU (mps), 12 GiB"
    assert device_name("cpu") == "cpu"
