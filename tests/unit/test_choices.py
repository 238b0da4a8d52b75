"""Choices in z: the same person in the same title, as far from the next one as can be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from webtoonfaces import drawing
from webtoonfaces.data.factors import CHOICES, TITLES, choice_tables, titles_of, z_of_seed
from webtoonfaces.drawing.people import PLACE
from webtoonfaces.models.choices import Choices, normal_number
from webtoonfaces.models.stylegan2 import Generator, StyleGAN2Config
from webtoonfaces.weights import convert, layouts

SMALL = StyleGAN2Config(size=32, channels=(4, 4, 4, 4), w_dim=drawing.Z_DIM, mapping_layers=1, choices=CHOICES)


@pytest.fixture(scope="module")
def settled() -> Choices:
    made = Choices(*CHOICES)
    made.load_state_dict(choice_tables())
    return made


def some_z(count: int) -> torch.Tensor:
    return torch.stack([torch.from_numpy(z_of_seed(seed, drawing.Z_DIM)).float() for seed in range(count)])


def test_the_same_pictures_are_stood_for(settled):
    z = some_z(300)
    calm = settled(z)
    assert torch.equal(titles_of(calm), titles_of(z))
    torch.testing.assert_close(settled(calm), calm)
    for one, other in zip(z.double().numpy(), calm.double().numpy(), strict=True):
        assert drawing.person_of(one, len(TITLES)) == drawing.person_of(other, len(TITLES))
    lead = calm[:, : len(TITLES)].topk(2, dim=1).values
    assert (lead[:, 0] - lead[:, 1]).min() > 1.5
    for name, most in (("glasses", 4), ("collar", 8), ("mole", 2)):  # a word has one number, whoever has it
        assert 1 < len(calm[:, PLACE[name]].unique()) <= most
    kept = [place for place in range(len(TITLES), drawing.Z_DIM) if place not in choice_tables()["words"]]
    assert torch.equal(calm[:, kept], z[:, kept])


def test_it_does_not_jump_within_a_word(settled):
    z = some_z(1).repeat(2, 1)
    z[:, PLACE["glasses"]] = torch.tensor([-2.0, 0.8])  # below the first edge, at 82 %
    assert torch.equal(settled(z)[0], settled(z)[1])
    z[1, PLACE["glasses"]] = 1.0
    assert (settled(z)[0] != settled(z)[1]).nonzero().tolist() == [[PLACE["glasses"]]]


@pytest.mark.parametrize("value", [-8.0, -6.0, 6.0, 8.0])
@pytest.mark.parametrize("sex", [-2.0, 0.1, 2.0])
def test_numbers_that_are_hardly_ever_drawn_are_settled_too(settled, value, sex):
    z = torch.full((1, drawing.Z_DIM), value)
    z[0, PLACE["masculinity"]], z[0, 3] = sex, value + 1
    calm = settled(z)
    assert calm.isfinite().all()
    assert drawing.person_of(calm[0].double().numpy(), 14) == drawing.person_of(z[0].double().numpy(), 14)


def test_a_normal_number_of_a_share():
    below = torch.linspace(0.005, 0.995, 199)
    torch.testing.assert_close(normal_number(below), torch.special.ndtri(below), atol=5e-3, rtol=0)
    assert normal_number(torch.tensor([0.0, 1.0])).isfinite().all()


def test_choices_travel_with_the_weights_in_half_precision(tmp_path):
    torch.manual_seed(0)
    network = Generator(SMALL).eval()
    network.choices.load_state_dict(choice_tables())
    path = convert.write(tmp_path / "g.safetensors", "stylegan2", {"g_ema": network}, dtype=torch.float16)
    read = convert.read(path, "stylegan2").build("g_ema")
    assert read.config == SMALL
    assert all(torch.equal(value, read.choices.state_dict()[key]) for key, value in choice_tables().items())
    assert layouts.build("stylegan2_generator", layouts.export("stylegan2_generator", network)).config == SMALL, (
        "without a header"
    )


@pytest.mark.parametrize(
    ("key", "value"), [("titles", -1), ("words", drawing.Z_DIM), ("lever", drawing.Z_DIM), ("edges", 5)]
)
@pytest.mark.parametrize("layers", [0, 1])
def test_choices_outside_of_z_are_refused(key, value, layers):
    network = Generator(replace(SMALL, mapping_layers=layers))
    network.choices.load_state_dict(choice_tables())
    state = layouts.export("stylegan2_generator", network)
    state[f"choices.{key}"].view(-1)[0] = value
    with pytest.raises(layouts.LayoutError, match="choices"):
        layouts.build("stylegan2_generator", state, config=network.config)


@pytest.mark.parametrize("choices", [(14,), (1, 6, 8), (14, 6, 10_000), (14.5, 6, 8)])
def test_impossible_sizes_are_refused(choices):
    with pytest.raises(ValueError, match="choices"):
        replace(SMALL, choices=choices)


def test_the_mapping_network_is_given_settled_z(settled):
    torch.manual_seed(0)
    network = Generator(SMALL)
    network.choices.load_state_dict(choice_tables())
    z = some_z(3)
    assert torch.equal(network.mapping(z), network.style(settled(z)))
    assert not np.allclose(network.style(z).detach(), network.mapping(z).detach())
