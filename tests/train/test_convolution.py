"""Gradients of our own are those of the library."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.grad import conv2d_weight

from geoseg.train.convolution import weight_gradient, with_own_gradients


@given(
    batch=st.integers(1, 3),
    inputs=st.integers(1, 5),
    outputs=st.integers(1, 5),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    seed=st.integers(0, 99),
)
def test_the_gradient_by_the_weights_is_the_library_s(
    batch: int, inputs: int, outputs: int, height: int, width: int, seed: int
) -> None:
    torch.manual_seed(seed)
    image = torch.randn(batch, inputs, height, width, dtype=torch.float64)
    gradient = torch.randn(batch, outputs, height, width, dtype=torch.float64)
    wanted = conv2d_weight(image, (outputs, inputs, 3, 3), gradient, padding=1)
    assert torch.allclose(weight_gradient(image, gradient), wanted)


def layers() -> nn.Sequential:
    torch.manual_seed(7)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False),
        nn.Conv2d(8, 8, 3, padding=1, stride=2),
        nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.Conv2d(8, 4, 3, padding=2, dilation=2),
        nn.Conv2d(4, 2, 3, padding=1),
    ).to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


@pytest.fixture
def image() -> torch.Tensor:
    torch.manual_seed(8)
    return torch.randn(2, 3, 12, 16).contiguous(memory_format=torch.channels_last)


def test_a_network_learns_the_same(image: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    asked: list[torch.Size] = []

    def noted(image: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
        asked.append(gradient.shape)
        return weight_gradient(image, gradient)

    monkeypatch.setattr("geoseg.train.convolution.weight_gradient", noted)
    theirs, ours = layers(), with_own_gradients(layers())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    given = [image.clone().requires_grad_(), image.clone().requires_grad_()]
    answers = [network(one) for network, one in zip((theirs, ours), given, strict=True)]
    assert torch.equal(*answers)
    for answer in answers:
        answer.square().sum().backward()
    assert len(asked) == 2  # the first and the last; others are of kinds that it does not know
    pairs = zip(theirs.parameters(), ours.parameters(), strict=True)
    for one, other in [*pairs, (given[0], given[1])]:
        assert torch.allclose(one.grad, other.grad, rtol=1e-4, atol=1e-4)  # type: ignore[arg-type]


@pytest.mark.parametrize("capability", ["AVX512", "DEFAULT"])
def test_other_processors_take_the_library_s(
    capability: str, image: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    answer = with_own_gradients(layers())[0](image)
    assert "Convolved" not in type(answer.grad_fn).__name__


def test_convolutions_of_single_channels_are_never_in_bfloat16(image: torch.Tensor) -> None:
    theirs, ours = (
        layers(),
        copy.deepcopy(with_own_gradients(layers())),
    )  # averaged weights are a copy
    seen: list[tuple[int, torch.dtype]] = []
    for layer in ours:
        layer.register_forward_hook(lambda one, _, answer: seen.append((one.groups, answer.dtype)))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ours(image).square().sum().backward()
    assert seen == [(1, torch.bfloat16)] * 2 + [(8, torch.float32)] + [(1, torch.bfloat16)] * 2
    theirs(image).square().sum().backward()
    for one, other in zip(theirs.parameters(), ours.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad, rtol=0.1, atol=0.1 * one.grad.abs().max())  # type: ignore[arg-type, union-attr]
    assert list(ours.state_dict()) == list(theirs.state_dict())


def test_layers_that_pad_in_a_way_of_their_own_go_on_doing_so(image: torch.Tensor) -> None:
    same = pytest.importorskip("timm.layers.conv2d_same").Conv2dSame(3, 3, 3, stride=2, groups=3)
    wanted = same(image)
    ours = with_own_gradients(nn.Sequential(same))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(ours(image), wanted)
