"""Two photo-to-cartoon generators whose weights are public: the facial cartoonizer and AnimeGANv2.

Both map pictures in [-1, 1] to pictures in [-1, 1]; the facial cartoonizer was trained on BGR, AnimeGANv2 on RGB. The
first needs sides that are multiples of 16, the second sides of at least 4 px; multiples of 4 keep the size.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def _conv_bn(in_ch: int, out_ch: int, *, stride: int = 1) -> list[nn.Module]:
    return [nn.Conv2d(in_ch, out_ch, 3, stride, 1), nn.BatchNorm2d(out_ch)]


class DownBlock(nn.Module):
    """[N, in, H, W] -> [N, out, H/2, W/2]."""

    def __init__(self, in_ch: int, out_ch: int):
        super().__init__()
        self.conv_layer = nn.Sequential(
            *_conv_bn(in_ch, out_ch, stride=2), nn.ReLU(), *_conv_bn(out_ch, out_ch), nn.ReLU()
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.conv_layer(x)


class PlainResBlock(nn.Module):
    """Two convolutions with batch norm, beside the identity."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv_layer = nn.Sequential(*_conv_bn(channels, channels), nn.ReLU(), *_conv_bn(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.conv_layer(x))


class UpBlock(nn.Module):
    """[N, in, H, W] -> [N, out, 2H, 2W]; the last one ends in tanh, and its stored batch norm is not used."""

    def __init__(self, in_ch: int, out_ch: int, *, last: bool = False):
        super().__init__()
        self.conv_layer = nn.Sequential(
            *_conv_bn(in_ch, in_ch),
            nn.ReLU(),
            nn.Upsample(scale_factor=2, mode="nearest"),
            nn.Conv2d(in_ch, out_ch, 3, 1, 1),
        )
        self.act = nn.Sequential(nn.BatchNorm2d(out_ch), nn.ReLU())
        self.last = last

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_layer(x)
        return torch.tanh(x) if self.last else self.act(x)


class FacialCartoonizer(nn.Module):
    """The facial cartoonizer: pictures [N, 3, H, W], BGR in [-1, 1], sides multiples of 16 -> the same shape.

    Its middle is *one* residual block applied four times; published files contain four equal copies of it.
    """

    def __init__(self, channel: int = 32):
        super().__init__()
        c = channel
        self.down1, self.down2 = DownBlock(3, c), DownBlock(c, 2 * c)
        self.down3, self.down4 = DownBlock(2 * c, 3 * c), DownBlock(3 * c, 4 * c)
        block = PlainResBlock(4 * c)
        self.res_blocks = nn.Sequential(block, block, block, block)
        self.up1, self.up2 = UpBlock(4 * c, 3 * c), UpBlock(3 * c, 2 * c)
        self.up3, self.up4 = UpBlock(2 * c, c), UpBlock(c, 3, last=True)

    def forward(self, images: Tensor) -> Tensor:
        d1 = self.down1(images)
        d2 = self.down2(d1)
        d3 = self.down3(d2)
        x = self.up1(self.res_blocks(self.down4(d3)))
        x = self.up2(x + d3)
        x = self.up3(x + d2)
        return self.up4(x + d1)


class AnimeUnit(nn.Sequential):
    """Reflection padding, convolution, norm over all channels together, leaky ReLU."""

    def __init__(
        self,
        in_ch: int,
        out_ch: int,
        kernel: int = 3,
        *,
        stride: int = 1,
        padding: int | tuple[int, int, int, int] | None = None,
        groups: int = 1,
        bias: bool = False,
    ):
        pad = kernel // 2 if padding is None else padding
        super().__init__(
            nn.ReflectionPad2d(pad),
            nn.Conv2d(in_ch, out_ch, kernel, stride, groups=groups, bias=bias),
            nn.GroupNorm(1, out_ch),
            nn.LeakyReLU(0.2),
        )


class InvertedResidual(nn.Module):
    """A 1 x 1 to widen, a depthwise 3 x 3, a 1 x 1 to narrow; added to the input if the widths are equal."""

    def __init__(self, in_ch: int, out_ch: int, *, expand: int = 2):
        super().__init__()
        wide = in_ch * expand
        self.layers = nn.Sequential(
            AnimeUnit(in_ch, wide, 1),
            AnimeUnit(wide, wide, groups=wide, bias=True),
            nn.Conv2d(wide, out_ch, 1, bias=False),
            nn.GroupNorm(1, out_ch),
        )
        self.add = in_ch == out_ch

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.add else self.layers(x)


class AnimeGANv2(nn.Module):
    """AnimeGANv2's generator (Chen et al. 2020): pictures [N, 3, H, W], RGB in [-1, 1] -> the same shape."""

    def __init__(self) -> None:
        super().__init__()
        self.block_a = nn.Sequential(
            AnimeUnit(3, 32, 7), AnimeUnit(32, 64, stride=2, padding=(0, 1, 0, 1)), AnimeUnit(64, 64)
        )
        self.block_b = nn.Sequential(AnimeUnit(64, 128, stride=2, padding=(0, 1, 0, 1)), AnimeUnit(128, 128))
        self.block_c = nn.Sequential(
            AnimeUnit(128, 128),
            InvertedResidual(128, 256),
            *(InvertedResidual(256, 256) for _ in range(3)),
            AnimeUnit(256, 128),
        )
        self.block_d = nn.Sequential(AnimeUnit(128, 128), AnimeUnit(128, 128))
        self.block_e = nn.Sequential(AnimeUnit(128, 64), AnimeUnit(64, 64), AnimeUnit(64, 32, 7))
        self.out_layer = nn.Sequential(nn.Conv2d(32, 3, 1, bias=False), nn.Tanh())

    def forward(self, images: Tensor) -> Tensor:
        a = self.block_a(images)
        x = self.block_c(self.block_b(a))
        x = self.block_d(_resize(x, a.shape[2:]))
        return self.out_layer(self.block_e(_resize(x, images.shape[2:])))


def _resize(x: Tensor, size: torch.Size) -> Tensor:
    return F.interpolate(x, size, mode="bilinear", align_corners=True)
