"""Losses, augmentation, and what the networks' layers must do to be trained."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from webtoonfaces.models import ops, stylegan2, swapae
from webtoonfaces.training.step import StepRandom
from webtoonfaces.training.trainers import losses
from webtoonfaces.training.trainers.augment import Strength, augment, mirrored, photo_like


def pictures(n: int = 4, side: int = 32) -> torch.Tensor:
    smooth = F.interpolate(torch.randn(n, 3, 4, 4, generator=torch.Generator().manual_seed(1)), side, mode="bicubic")
    return smooth.clamp(-1, 1)


# losses


def test_adversarial_losses_fall_when_their_network_wins():
    sure, unsure = torch.tensor([[5.0]]), torch.tensor([[0.0]])
    assert losses.discriminator_loss(sure, -sure) < losses.discriminator_loss(unsure, unsure)
    assert losses.generator_loss(sure) < losses.generator_loss(unsure)
    assert float(losses.discriminator_loss(unsure, unsure)) == pytest.approx(2 * math.log(2))


def test_r1_of_a_linear_critic_is_its_squared_norm():
    x = torch.randn(5, 3, 2, 2, requires_grad=True)
    weight = torch.randn(12, requires_grad=True)
    penalty = losses.r1_penalty(x.flatten(1) @ weight, x)
    torch.testing.assert_close(penalty, weight.square().sum())
    penalty.backward()
    torch.testing.assert_close(weight.grad, 2 * weight.detach())


def test_r1_takes_several_inputs_as_one():
    x = torch.randn(5, 12)
    whole, parts = x.clone().requires_grad_(), [part.clone().requires_grad_() for part in x.split(4, dim=1)]
    wanted = losses.r1_penalty(whole.square().sum(dim=1), whole)
    found = losses.r1_penalty(sum(part.square().sum(dim=1) for part in parts), parts)
    torch.testing.assert_close(found, wanted)


def test_path_length_of_a_linear_generator_is_its_gain():
    """For images = gain * w, with as many pixels as w has numbers, |J^T y| is gain |y|."""
    ws = torch.randn(6, 1, 12, requires_grad=True)
    images = 3 * ws[:, 0].view(6, 3, 2, 2)
    direction = torch.randn(6, 3, 2, 2)
    lengths = losses.path_lengths(images, ws, direction)
    torch.testing.assert_close(lengths, 3 * direction.flatten(1).norm(dim=1) / 2)


@settings(deadline=None, max_examples=5)
@given(st.integers(0, 10**6))
def test_patches_lie_inside_the_picture_and_belong_to_it(seed):
    """A picture that tells row, column and which picture: what is cut shows where it was cut."""
    n, side = 3, 64
    line = (torch.arange(side) + 0.5) / side
    images = torch.stack(
        [
            torch.stack([line.expand(side, -1), line[:, None].expand(-1, side), torch.full((side, side), i)])
            for i in range(n)
        ]
    ).float()
    uniform = torch.rand(n, 2, 3, generator=torch.Generator().manual_seed(seed))
    cut = losses.cut_patches(images, uniform)
    assert cut.shape == (2 * n, 3, swapae.PATCH_SIZE, swapae.PATCH_SIZE)
    assert torch.equal(cut[:, 2, 0, 0].round().long(), torch.tensor([0, 0, 1, 1, 2, 2]))
    width = (cut[:, 0, 0, -1] - cut[:, 0, 0, 0]) * 64 / 63
    wanted = 1 / 8 + uniform[..., 0].flatten() / 8
    assert ((width - wanted).abs() < 2 / side).all()
    assert cut[:, :2].min() > 0 and cut[:, :2].max() < 1


def test_statistics_loss_sees_colour_and_not_place():
    x = pictures()
    assert float(losses.statistics_loss([x.roll(7, dims=3)], [x])) == pytest.approx(0, abs=1e-5)
    assert float(losses.statistics_loss([x + 0.5], [x])) > 0.1
    assert float(losses.feature_loss([x.roll(7, dims=3)], [x])) > 0.1
    flat = torch.zeros(2, 3, 4, 4, requires_grad=True)
    losses.statistics_loss([flat], [x[:2, :, :4, :4]]).backward()
    assert flat.grad.isfinite().all()  # a dead feature has a deviation of 0


# augmentation


def test_augmentation_of_strength_0_is_none_and_takes_the_same_random_numbers():
    x = pictures()
    a, b = StepRandom(0, 0), StepRandom(0, 0)
    assert augment(x, 0.0, a) is x
    augment(x, 0.7, b)
    assert torch.equal(a.uniform(3), b.uniform(3))


def test_augmentation_is_differentiable_and_changes_the_share_that_it_should():
    x = torch.cat([pictures()] * 16).requires_grad_()
    y = augment(x, 0.1, StepRandom(0, 0))
    y.sum().backward()
    assert x.grad.isfinite().all()
    changed = ((y - x).flatten(1).abs().amax(dim=1) > 1e-3).float().mean()
    # 11 transforms, of which a flip or a mirrored brightness shows half of the time and a quarter turn 3 times of 4
    expected = 1 - 0.9**8 * 0.95**2 * 0.925
    assert abs(float(changed) - expected) < 0.15
    assert augment(pictures(), 1.0, StepRandom(0, 0)).isfinite().all()


def test_augmentation_keeps_flat_grey_flat_in_geometry_and_moves_it_in_colour():
    """Geometry cannot show on a flat picture, so what changes is colour: brightness by 0.2, which contrast scales."""
    grey = torch.zeros(512, 3, 8, 8)
    drawn = augment(grey, 1.0, StepRandom(3, 0))
    assert (drawn.amax(dim=(2, 3)) - drawn.amin(dim=(2, 3))).abs().max() < 1e-4
    contrast = torch.exp2(0.5 * torch.randn(4096)).square().mean()
    assert float(drawn[:, 0, 0, 0].std()) == pytest.approx(0.2 * float(contrast) ** 0.5, rel=0.25)


def test_strength_follows_its_target():
    up, down = Strength(speed=1000, p=0.5, every=4), Strength(speed=1000, p=0.5, every=4)
    for _ in range(8):
        up.observe(9, 10)
        down.observe(1, 10)
    assert up.p == pytest.approx(0.5 + 80 / 1000) and down.p == pytest.approx(0.5 - 80 / 1000)
    copy = Strength(speed=1000)
    up.observe(9, 10)
    copy.load(up.scalars())
    assert copy.scalars() == up.scalars()
    for _ in range(2000):
        up.observe(9, 10)
        down.observe(1, 10)
    assert up.p == 1 and down.p == 0


def test_mirrored_and_photo_like_change_some_pictures():
    x = pictures(32)
    y = mirrored(x, StepRandom(0, 0))
    flipped = torch.tensor([torch.equal(a, b.flip(2)) and not torch.equal(a, b) for a, b in zip(y, x, strict=True)])
    assert 6 < int(flipped.sum()) < 26 and torch.equal(y[~flipped], x[~flipped])
    z = photo_like(x, 0.5, StepRandom(0, 0))
    touched = (z != x).flatten(1).any(dim=1)
    assert 6 < int(touched.sum()) < 26 and z.abs().max() <= 1


# layers


def test_resampling_can_be_differentiated_twice():
    x = torch.randn(1, 2, 5, 5, dtype=torch.float64, requires_grad=True)
    for resample in (
        lambda t: ops.blur(t, (2, 2)),
        lambda t: ops.blur(t, (1, 1), gain=4.0),
        lambda t: ops.blur(t, (1, 1), stride=2),
        lambda t: ops.blur(t, (2, 1)),
        ops.upsample,
    ):
        assert gradcheck(resample, (x,)) and gradgradcheck(resample, (x,))


def test_training_and_rendering_take_the_same_way_through_a_filter():
    x = torch.randn(2, 3, 9, 9)
    for resample in (lambda t: ops.blur(t, (1, 1), stride=2), ops.upsample):
        assert torch.equal(resample(x), resample(x.clone().requires_grad_()).detach())


@pytest.mark.parametrize("demodulate", [True, False])
@pytest.mark.parametrize("up", [True, False])
def test_a_modulated_convolution_is_one_weight_for_each_sample(up, demodulate):
    """Karras et al. 2020, equations 1 and 3, written as they stand there."""
    torch.manual_seed(0)
    layer = ops.ModulatedConv2d(4, 6, 3, 5, up=up, demodulate=demodulate)
    x, style, bias = torch.randn(3, 4, 8, 8), torch.randn(3, 5), torch.randn(6)
    got = layer(x, style, bias, gain=1.7)
    s = layer.modulation(style)
    for i in range(3):
        weight = layer.weight * layer.scale * s[i].view(1, -1, 1, 1)
        if demodulate:
            weight = weight * (weight.square().sum(dim=(1, 2, 3), keepdim=True) + 1e-8).rsqrt()
        if up:
            y = ops.blur(F.conv_transpose2d(x[i : i + 1], weight.transpose(0, 1), stride=2), (1, 1), gain=4.0)
        else:
            y = F.conv2d(x[i : i + 1], weight, padding=1)
        torch.testing.assert_close(got[i : i + 1], 1.7 * (y + bias.view(1, -1, 1, 1)), atol=1e-4, rtol=1e-4)


def test_gains_and_biases_in_the_weight_are_those_beside_it():
    torch.manual_seed(0)
    layer = ops.ConvLayer(3, 5, 3, down=True)
    torch.nn.init.normal_(layer[-1].bias)
    x = torch.randn(2, 3, 8, 8)
    plain = layer[2](layer[1](layer[0](x)))
    torch.testing.assert_close(layer(x, gain=0.5), 0.5 * plain)
    torch.testing.assert_close(layer(x), plain)


TINY = stylegan2.StyleGAN2Config(size=32, channels=(16, 16, 8, 8), w_dim=16, mapping_layers=2)


def test_bfloat16_rounds_pictures_and_logits_little():
    torch.manual_seed(0)
    g, d = stylegan2.Generator(TINY), stylegan2.Discriminator(TINY)
    ws = g.mapping(torch.randn(4, 16))[:, None].expand(-1, TINY.num_ws, -1)
    exact = g.synthesis(ws)
    logits = d(exact)
    with torch.autocast("cpu", torch.bfloat16):
        rough = g.synthesis(ws)
        rough_logits = d(exact)
        assert g.mapping(torch.randn(4, 16)).dtype == rough.dtype == rough_logits.dtype == torch.float32
    assert 0 < float((rough - exact).abs().mean()) < 0.02 * float(exact.abs().mean())
    assert float((rough_logits - logits).abs().max()) < 0.05 * float(logits.abs().max()) + 0.02


def test_bfloat16_gradients_point_where_exact_ones_do():
    torch.manual_seed(0)
    g, d = stylegan2.Generator(TINY), stylegan2.Discriminator(TINY)
    z, noise = torch.randn(4, 16), [torch.randn(4, 1, s, s) for s in (4, 8, 8, 16, 16, 32, 32)]

    def gradient() -> torch.Tensor:
        ws = g.mapping(z)[:, None].expand(-1, TINY.num_ws, -1)
        loss = losses.generator_loss(d(g.synthesis(ws, noise=lambda i, _: noise[i]).float()))
        return torch.cat([p.flatten() for p in torch.autograd.grad(loss, list(g.parameters()))])

    exact = gradient()
    with torch.autocast("cpu", torch.bfloat16):
        rough = gradient()
    assert rough.dtype == torch.float32
    assert float(F.cosine_similarity(exact, rough, dim=0)) > 0.99


def test_bfloat16_leaves_augmentation_exact():
    x = pictures()
    exact = augment(x, 1.0, StepRandom(0, 0))
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(augment(x, 1.0, StepRandom(0, 0)), exact)


@pytest.mark.parametrize(("padding", "size"), [(1, (18, 14)), (0, (20, 17)), (0, (21, 16))])
def test_the_filter_for_larger_maps_is_the_same_in_bfloat16(padding, size):
    x = torch.randn(2, 4, 9, 7, generator=torch.Generator().manual_seed(0)).bfloat16()
    wanted = ops._apply_filter(x.float(), 4.0, 2, padding, size)
    found = ops._apply_filter(x, 4.0, 2, padding, size)
    assert found.dtype == torch.bfloat16 and found.shape == wanted.shape
    torch.testing.assert_close(found.float(), wanted, rtol=0.02, atol=0.02)


@pytest.mark.parametrize(
    "resample",
    [
        lambda x: ops.blur(x, (1, 1), gain=4.0),
        lambda x: ops.blur(x, (2, 2)),
        lambda x: ops.blur(x, (2, 1)),
        lambda x: ops.blur(x, (1, 1), stride=2),
        lambda x: ops.blur(x, (0, 0), stride=2),
        ops.upsample,
        lambda x: ops.upsample(x, gain=1.0),
    ],
)
@pytest.mark.parametrize("shape", [(2, 4, 8, 6), (1, 3, 9, 7)])
def test_the_filter_of_gpus_is_the_same_with_its_gradients(resample, shape, monkeypatch):
    """Here on the CPU, where nothing else would try it."""
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0)).double().requires_grad_()

    def computed() -> list[torch.Tensor]:
        y = resample(x)
        (slope,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
        (curve,) = torch.autograd.grad(slope.square().sum(), x)
        with torch.no_grad():
            return [y.detach(), resample(x), slope.detach(), curve]

    wanted = computed()
    monkeypatch.setattr(ops, "pools", lambda x: True)
    for found, known in zip(computed(), wanted, strict=True):
        torch.testing.assert_close(found, known, rtol=1e-6, atol=1e-9)
