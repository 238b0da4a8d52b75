"""The layers of the StyleGAN2 family, in plain PyTorch; nothing is compiled.

Three choices make them fast without changing the result (Karras et al. 2020, "Analyzing and Improving the Image Quality
of StyleGAN", section 2):

* A modulated convolution scales its *input* by the style and its *output* by the demodulation, instead of building one
  weight for each sample. It is the same sum in another order, and a batch shares one ordinary convolution.
* The [1, 3, 3, 1] filter is one 4 x 4 depthwise convolution. Two passes of 4 taps would need half the multiplications,
  but were slower at every size measured on a CPU, where memory traffic determines the time.
* Biases and gains are part of the convolutions. Leaky ReLU is homogeneous, so its gain of sqrt(2), and the 1 / sqrt(2)
  of a residual block, multiply the small weight instead of the large map.

If a trainer runs these networks under autocast, convolutions round to bfloat16. Everything whose rounding would be
visible keeps the precision of its input: filters, styles, the demodulation, the last layers of a discriminator.

Equalized learning rate (Karras et al. 2018, "Progressive Growing of GANs", section 4.1): parameters are stored as
N(0, 1) and scaled when they are used, so that every layer learns at the same rate.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SQRT2 = math.sqrt(2.0)
LEAK = 0.2


def full_precision(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Disable autocast in `function`: it computes in the dtypes of its arguments."""

    @wraps(function)
    def guarded(*args: Any, **options: Any) -> Tensor:
        device = next(a.device.type for a in args if isinstance(a, Tensor))
        if not torch.is_autocast_enabled(device):  # tested first, so that tracers and exporters see no context manager
            return function(*args, **options)
        with torch.autocast(device, enabled=False):
            return function(*args, **options)

    return guarded


def leaky_relu(x: Tensor, bias: Tensor | None = None) -> Tensor:
    """Leaky ReLU of slope 0.2 times sqrt(2), which keeps the variance; `bias` [C] is added first."""
    if bias is not None:
        x = x + (bias.view(1, -1, 1, 1) if x.ndim == 4 else bias)
    return F.leaky_relu(x, LEAK) * SQRT2


@lru_cache(maxsize=64)
def _filter(channels: int, gain: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The [1, 3, 3, 1] filter as a depthwise kernel [channels, 1, 4, 4] whose values sum to `gain`."""
    with torch.inference_mode(False):  # it is cached, and a tensor made in inference mode cannot be used in training
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
        kernel = torch.outer(taps, taps) * (gain / 64)
        return kernel.to(device, dtype).expand(channels, 1, 4, 4).contiguous()


@full_precision
def _apply_filter(x: Tensor, gain: float, stride: int, padding: int, size: tuple[int, int] | None) -> Tensor:
    """The filtered map [N, C, H, W]; with `size`, the adjoint operation, whose result has `size` (height, width)."""
    kernel = _filter(x.shape[1], gain, x.dtype, x.device)
    if size is None:
        return F.conv2d(x, kernel, stride=stride, padding=padding, groups=x.shape[1])
    extra = [n - ((m - 1) * stride - 2 * padding + 4) for n, m in zip(size, x.shape[2:], strict=True)]
    return F.conv_transpose2d(
        x, kernel, stride=stride, padding=padding, output_padding=extra, groups=x.shape[1]
    )  # [N, C, *size]


class _Filtered(torch.autograd.Function):
    """`_apply_filter` for training. The filter is constant, but autograd's own second derivative of a convolution would
    compute the filter's gradient, channel by channel, and discard it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, gain: float, stride: int, padding: int, size: tuple[int, int] | None) -> Tensor:
        ctx.options = gain, stride, padding, tuple(x.shape[2:]) if size is None else None
        return _apply_filter(x, gain, stride, padding, size)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return _Filtered.apply(gradients[0], *ctx.options), None, None, None, None


def _filtered(x: Tensor, gain: float, stride: int, padding: int, size: tuple[int, int] | None = None) -> Tensor:
    if torch.is_grad_enabled() and x.requires_grad:
        return _Filtered.apply(x, gain, stride, padding, size)
    return _apply_filter(x, gain, stride, padding, size)


def blur(x: Tensor, padding: tuple[int, int], *, gain: float = 1.0, stride: int = 1) -> Tensor:
    """Smooth [N, C, H, W] with the [1, 3, 3, 1] filter, zero-padded by (before, after) on both axes."""
    before, after = padding
    if before != after:
        x = F.pad(x, (before, after, before, after))
        before = 0
    return _filtered(x, gain, stride, before)


def upsample(x: Tensor, *, gain: float = 4.0) -> Tensor:
    """[N, C, H, W] -> [N, C, 2H, 2W]: inserted zeros, then the [1, 3, 3, 1] filter; a gain of 4 keeps the mean."""
    return _filtered(x, gain, 2, 1, (2 * x.shape[2], 2 * x.shape[3]))


class PixelNorm(nn.Module):
    """Scale every vector along dimension 1 to a root mean square of 1."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-8)


class EqualLinear(nn.Module):
    """Linear layer with equalized learning rate and optional activation; `[..., in] -> [..., out]`."""

    def __init__(
        self, in_dim: int, out_dim: int, *, lr_mul: float = 1.0, bias_init: float = 0.0, activate: bool = False
    ):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_dim, in_dim) / lr_mul)
        self.bias = nn.Parameter(torch.full((out_dim,), float(bias_init)))
        self.scale = lr_mul / math.sqrt(in_dim)
        self.lr_mul = lr_mul
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        x = _linear(x, self.weight * self.scale, self.bias * self.lr_mul)
        return leaky_relu(x) if self.activate else x


@full_precision
def _linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.linear(x.to(weight.dtype), weight, bias)


class EqualConv2d(nn.Module):
    """Convolution with equalized learning rate: [N, in, H, W] -> [N, out, H', W']."""

    def __init__(self, in_ch: int, out_ch: int, kernel: int, *, stride: int = 1, padding: int = 0, bias: bool = False):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_ch, in_ch, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(out_ch)) if bias else None
        self.scale = 1 / math.sqrt(in_ch * kernel * kernel)
        self.stride, self.padding = stride, padding

    def forward(self, x: Tensor, bias: Tensor | None = None, *, gain: float = 1.0) -> Tensor:
        """`bias` [out] replaces the layer's own; `gain` multiplies the result."""
        bias = self.bias if bias is None else bias
        bias = bias if bias is None else bias * gain
        return F.conv2d(x, self.weight * (self.scale * gain), bias, stride=self.stride, padding=self.padding)


class UpSkip(nn.Module):
    """The skip of an up-sampling residual block, a 1 x 1 convolution: [N, in, H, W] -> [N, out, 2H, 2W].

    Published networks insert zeros first, then convolve and blur. A 1 x 1 convolution commutes with both, so here it
    runs at the small size, for a quarter of the work. Its weight keeps their axes, [in, out, 1, 1], and the filter
    keeps their gain of 1, which divides the values by four.
    """

    def __init__(self, in_ch: int, out_ch: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(in_ch, out_ch, 1, 1))
        self.scale = 1 / math.sqrt(in_ch)

    def forward(self, x: Tensor, *, gain: float = 1.0) -> Tensor:
        return upsample(F.conv2d(x, self.weight.transpose(0, 1) * (self.scale * gain)), gain=1.0)


class Blur(nn.Module):
    """`blur` as a module, for sequences. It has no tensor of its own, since the filter is constant."""

    def __init__(self, padding: tuple[int, int], *, stride: int = 1):
        super().__init__()
        self.padding, self.stride = padding, stride

    def forward(self, x: Tensor) -> Tensor:
        return blur(x, self.padding, stride=self.stride)


class Activation(nn.Module):
    """Bias [C], leaky ReLU and gain in one."""

    def __init__(self, channels: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        return leaky_relu(x, self.bias)


class ConvLayer(nn.Sequential):
    """A convolution of a discriminator or encoder, with padding or blur before it, bias and activation after it.

    `reflect` pads by reflection instead of zeros; it has no effect in a layer that down-samples, because there the
    blur pads. The positions in the sequence are those of published checkpoints.
    """

    def __init__(
        self,
        in_ch: int,
        out_ch: int,
        kernel: int,
        *,
        down: bool = False,
        activate: bool = True,
        bias: bool = True,
        reflect: bool = False,
        padding: int | None = None,
    ):
        layers: list[nn.Module] = []
        padding = kernel // 2 if padding is None else padding
        stride = 1
        if down:
            # Blurring to half the size before a 1 x 1 convolution gives the same pixels for a quarter of the work.
            strided_blur = kernel == 1
            pad = 1 + kernel // 2
            layers.append(Blur((pad, pad), stride=2 if strided_blur else 1))
            stride, padding = (1 if strided_blur else 2), 0
        elif reflect:
            layers.append(nn.ReflectionPad2d(padding))
            padding = 0
        layers.append(EqualConv2d(in_ch, out_ch, kernel, stride=stride, padding=padding, bias=bias and not activate))
        if activate:
            layers.append(Activation(out_ch))
        super().__init__(*layers)

    def forward(self, x: Tensor, *, gain: float = 1.0) -> Tensor:
        """`gain` multiplies the result."""
        bias: Tensor | None = None
        for part in self:
            if isinstance(part, EqualConv2d):
                activation = self[-1]
                if isinstance(activation, Activation):
                    bias, gain = activation.bias, gain * SQRT2
                x = part(x, bias, gain=gain)
            elif isinstance(part, Activation):
                x = F.leaky_relu(x, LEAK)
            else:
                x = part(x)
        return x


class ResBlock(nn.Module):
    """Residual block: two 3 x 3 convolutions beside a 1 x 1 skip, halving the size unless `down=False`.

    `widen_first` says which convolution goes from `in_ch` to `out_ch`: the first in the Swapping Autoencoder's
    networks, the second in StyleGAN2's discriminator.
    """

    def __init__(self, in_ch: int, out_ch: int, *, down: bool = True, reflect: bool = False, widen_first: bool = True):
        super().__init__()
        middle = out_ch if widen_first else in_ch
        self.conv1 = ConvLayer(in_ch, middle, 3, reflect=reflect)
        self.conv2 = ConvLayer(middle, out_ch, 3, down=down)
        self.skip = ConvLayer(in_ch, out_ch, 1, down=down, activate=False, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv1(x), gain=1 / SQRT2) + self.skip(x, gain=1 / SQRT2)


class ModulatedConv2d(nn.Module):
    """Convolution whose input channels are scaled by a style: x [N, in, H, W], style [N, D] -> [N, out, H', W'].

    up : double the size, by a transposed convolution of stride 2 and a blur.
    demodulate : scale every output channel to unit variance, as if each weight were normalised (Karras et al. 2020,
        equation 3).
    """

    def __init__(
        self, in_ch: int, out_ch: int, kernel: int, style_dim: int, *, up: bool = False, demodulate: bool = True
    ):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_ch, in_ch, kernel, kernel))
        self.modulation = EqualLinear(style_dim, in_ch, bias_init=1.0)
        self.scale = 1 / math.sqrt(in_ch * kernel * kernel)
        self.padding = kernel // 2
        self.up, self.demodulate = up, demodulate

    def forward(self, x: Tensor, style: Tensor, bias: Tensor | None = None, *, gain: float = 1.0) -> Tensor:
        """`bias` [out] is added at the end; `gain` multiplies the result, bias included."""
        s = self.modulation(style) * self.scale  # [N, in]
        x = x * s.to(x.dtype)[:, :, None, None]
        if self.up:
            x = F.conv_transpose2d(x, self.weight.transpose(0, 1), stride=2)  # [N, out, 2H+1, 2W+1]
            x = blur(x, (1, 1), gain=4.0)  # [N, out, 2H, 2W]
        else:
            x = F.conv2d(x, self.weight, padding=self.padding)
        factor = _demodulation(s, self.weight) * gain if self.demodulate else s.new_full((1, 1), gain)
        shift = torch.zeros_like(self.weight[:, 0, 0, 0]) if bias is None else bias * gain
        return torch.addcmul(shift.to(x.dtype).view(1, -1, 1, 1), x, factor.to(x.dtype)[:, :, None, None])


@full_precision
def _demodulation(s: Tensor, weight: Tensor) -> Tensor:
    """The factors [N, out] that scale output channels to unit variance, for styles [N, in], weight [out, in, k, k]."""
    energy = s.square() @ weight.square().sum(dim=(2, 3)).t()
    return torch.rsqrt(energy + 1e-8)


class NoiseInjection(nn.Module):
    """Add one plane of noise, scaled by a learned weight [1]. `noise` is [N or 1, 1, H, W]; None adds nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, noise: Tensor | None, *, gain: float = 1.0) -> Tensor:
        return x if noise is None else x + ((self.weight * gain) * noise).to(x.dtype)


class StyledConv(nn.Module):
    """Modulated 3 x 3 convolution, noise, bias, activation."""

    def __init__(self, in_ch: int, out_ch: int, style_dim: int, *, up: bool = False):
        super().__init__()
        self.conv = ModulatedConv2d(in_ch, out_ch, 3, style_dim, up=up)
        self.noise = NoiseInjection()
        self.activate = Activation(out_ch)

    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None, *, gain: float = 1.0) -> Tensor:
        gain = gain * SQRT2
        x = self.noise(self.conv(x, style, self.activate.bias, gain=gain), noise, gain=gain)
        return F.leaky_relu(x, LEAK)


class Prefix:
    """The activations of the last call, so that the next one starts at the first layer whose code changed.

    A slider of an explorer changes the codes of a few layers; the activations before these layers stay valid.
    """

    def __init__(self) -> None:
        self.kept: dict[int, Any] = {}  # step -> state before it
        self._codes: Tensor | None = None
        self._key: tuple[Any, ...] = ()

    def resume(self, codes: Tensor, key: tuple[Any, ...], reach: Callable[[int], int]) -> int:
        """The step from which the synthesis of these codes [N, L, D] can be resumed; drops states that are not valid.

        key : everything else that the result depends on; tensors are compared by value.
        reach : step -> the number of first layers on which the state before that step depends.
        """
        if self._codes is not None and self._codes.shape == codes.shape and _equal(self._key, key):
            differs = torch.ne(self._codes, codes).any(dim=2).any(dim=0).nonzero()
            first = int(differs[0]) if len(differs) else codes.shape[1]
            self.kept = {step: state for step, state in self.kept.items() if reach(step) <= first}
        else:
            self.kept = {}
        self._codes, self._key = codes, key
        return max(self.kept, default=0)


def _equal(a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    if len(a) != len(b):
        return False
    for x, y in zip(a, b, strict=True):
        if isinstance(x, Tensor) and isinstance(y, Tensor):
            if x.shape != y.shape or not torch.equal(x, y):
                return False
        elif x != y:
            return False
    return True


def minibatch_stddev(x: Tensor, *, group: int = 4) -> Tensor:
    """Append a channel with the standard deviation between the pictures of a group. [N, C, H, W] -> [N, C + 1, H, W].

    Groups are of `group` pictures, or of the largest smaller number that divides N; the variance is the biased one
    (Karras et al. 2018, section 3).
    """
    n, c, h, w = x.shape
    group = max(size for size in range(1, group + 1) if n % size == 0)
    spread = x.reshape(group, -1, c, h, w).var(dim=0, unbiased=False)  # [N / group, C, H, W]
    spread = (spread + 1e-8).sqrt().mean(dim=(1, 2, 3), keepdim=True)  # [N / group, 1, 1, 1]
    return torch.cat([x, spread.repeat(group, 1, h, w)], dim=1)


def resolutions(size: int) -> list[int]:
    """[4, 8, ... size], size being a power of two."""
    return [2**i for i in range(2, size.bit_length())]


def check_whole(name: str, value: object, least: int, most: int) -> None:
    """ValueError unless a size of a network is a whole number from `least` to `most`."""
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{name} is a whole number from {least} to {most}, not {str(value)[:40]!r}.")


def published_channels(size: int, multiplier: int = 2) -> tuple[int, ...]:
    """Channel counts at 4, 8, ... `size` px as in StyleGAN2's configuration E or F (`multiplier` 1 or 2)."""
    return tuple(min(512, 16384 * multiplier // resolution) for resolution in resolutions(size))


class ResidualDiscriminator(nn.Module):
    """Pictures, float32 [N, 3, size, size] -> logits [N, 1]; higher means taken for real.

    channels : channel counts at 4, 8, ... `size` px.
    stddev : append the minibatch standard deviation before the last convolution.
    widen_first : see `ResBlock`.
    """

    def __init__(self, channels: tuple[int, ...], *, stddev: bool, widen_first: bool):
        super().__init__()
        self.stddev = stddev
        widths = channels[::-1]
        blocks: list[nn.Module] = [ConvLayer(3, widths[0], 1)]
        for width, after in itertools.pairwise(widths):
            blocks.append(ResBlock(width, after, widen_first=widen_first))
        self.convs = nn.Sequential(*blocks)
        self.final_conv = ConvLayer(widths[-1] + (1 if stddev else 0), widths[-1], 3)
        self.final_linear = nn.Sequential(
            EqualLinear(widths[-1] * 16, widths[-1], activate=True), EqualLinear(widths[-1], 1)
        )

    def forward(self, images: Tensor) -> Tensor:
        x = self.convs(images.contiguous(memory_format=torch.channels_last)).to(images.dtype)  # [N, C, 4, 4]
        x = self.final_conv(minibatch_stddev(x) if self.stddev else x)
        return self.final_linear(x.flatten(1))
