"""The layers of the StyleGAN2 family, in plain PyTorch; nothing is compiled.

Three choices make them fast without changing the result (Karras et al. 2020, "Analyzing and Improving the Image Quality
of StyleGAN", section 2):

* A modulated convolution scales its *input* by the style and its *output* by the demodulation, instead of building one
  weight for each sample. It is the same sum in another order, and a batch shares one ordinary convolution.
* The [1, 3, 3, 1] filter is one 4 x 4 depthwise convolution. Two passes of 4 taps would need half the multiplications,
  but were slower at every size measured on a CPU, where memory traffic determines the time.
* Biases and gains are part of the convolutions. Leaky ReLU is homogeneous, so its gain of sqrt(2), and the 1 / sqrt(2)
  of a residual block, multiply the small weight instead of the large map.

Without gradients, on a CPU, more is saved, because there the first use of new memory costs ten times as much as a pass
over memory in use: passes are done in place; a map larger than its weight is left alone and the weight takes style and
demodulation; a layer that doubles the size works through its map in strips. `arrange` lays weights out for this.

If a trainer runs these networks under autocast, convolutions round to bfloat16. Everything whose rounding would be
visible keeps the precision of its input: filters, styles, the demodulation, the last layers of a discriminator.

Equalized learning rate (Karras et al. 2018, "Progressive Growing of GANs", section 4.1): parameters are stored as
N(0, 1) and scaled when they are used, so that every layer learns at the same rate.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SQRT2 = math.sqrt(2.0)
LEAK = 0.2
ALIGNED = 64  # bytes: where torch's own memory begins
STRIP = 8 << 20  # bytes: below what the C library returns to the system at once, and asks for again


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


def runs_frozen(x: Tensor) -> bool:
    """Whether the ways that are only for frozen networks on a CPU apply: no gradients, and nothing traces the call."""
    return x.device.type == "cpu" and not torch.is_grad_enabled() and not torch.compiler.is_compiling()


def _leaky(x: Tensor) -> Tensor:
    """Leaky ReLU without its gain. Without gradients it overwrites `x`, which nothing else may use."""
    return F.leaky_relu(x, LEAK) if torch.is_grad_enabled() else F.leaky_relu_(x, LEAK)


def leaky_relu(x: Tensor, bias: Tensor | None = None) -> Tensor:
    """Leaky ReLU of slope 0.2 times sqrt(2), which keeps the variance; `bias` [C] is added first."""
    if bias is not None:
        x = x + (bias.view(1, -1, 1, 1) if x.ndim == 4 else bias)
    return F.leaky_relu(x, LEAK) * SQRT2


def _filter(channels: int, gain: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    if torch.compiler.is_compiling():  # a tracer's tensor must not be kept
        return _made_filter(channels, gain, dtype, device)
    return _kept_filter(channels, gain, dtype, device)


@cache  # a CUDA graph reads it where it is, so none may be dropped; each is small
def _kept_filter(channels: int, gain: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):  # it is cached, and a tensor made in inference mode cannot be used in training
        return _made_filter(channels, gain, dtype, device)


def _made_filter(channels: int, gain: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The [1, 3, 3, 1] filter as a depthwise kernel [channels, 1, 4, 4] whose values sum to `gain`."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    kernel = torch.outer(taps, taps) * (gain / 64)
    return kernel.to(device, dtype).expand(channels, 1, 4, 4).contiguous()


@full_precision
def _apply_filter(x: Tensor, gain: float, stride: int, padding: int, size: tuple[int, int] | None) -> Tensor:
    """The filtered map [N, C, H, W]; with `size`, the adjoint operation, whose result has `size` (height, width)."""
    if pools(x):
        if size is None:
            return _pooled(x, gain, stride, padding)
        if stride == 1:
            return _pooled(x, gain, 1, 3 - padding)
        if (padding, tuple(size)) == (1, (2 * x.shape[2], 2 * x.shape[3])):
            return _stretched(x, gain)
    kernel = _filter(x.shape[1], gain, x.dtype, x.device)
    if size is None:
        return F.conv2d(x, kernel, stride=stride, padding=padding, groups=x.shape[1])
    if x.dtype == torch.bfloat16 and x.device.type == "cpu" and stride == 2:
        # A CPU has no fast transposed depthwise convolution in bfloat16: zeros in between take a seventh of the time.
        n, c, h, w = x.shape
        first = 3 - padding
        spread = x.new_zeros(n, size[0] + 3, size[1] + 3, c).permute(0, 3, 1, 2)
        spread[:, :, first : first + 2 * h : 2, first : first + 2 * w : 2] = x
        return F.conv2d(spread, kernel, groups=c)
    extra = [n - ((m - 1) * stride - 2 * padding + 4) for n, m in zip(size, x.shape[2:], strict=True)]
    return F.conv_transpose2d(
        x, kernel, stride=stride, padding=padding, output_padding=extra, groups=x.shape[1]
    )  # [N, C, *size]


def pools(x: Tensor) -> bool:
    """Whether the filter is computed by pooling: cuDNN's depthwise convolution is slow in channels-last memory."""
    return x.device.type == "cuda"


def _pooled(x: Tensor, gain: float, stride: int, padding: int) -> Tensor:
    """The filter as means of 2 x 2 pixels, taken three times: [1, 1] * [1, 1] * [1, 1] = [1, 3, 3, 1]."""
    if padding > 1:
        x = F.pad(x, (padding - 1,) * 4)
    x = F.avg_pool2d(x, 2, 1, padding=min(padding, 1))
    x = F.avg_pool2d(F.avg_pool2d(x, 2, 1), 2, stride)
    return x if gain == 1 else x * gain


def _stretched(x: Tensor, gain: float) -> Tensor:
    """Zeros inserted and filtered, [N, C, 2H, 2W]: that is linear interpolation, with zeros beyond the border."""
    x = F.interpolate(F.pad(x, (1, 1, 1, 1)), scale_factor=2.0, mode="bilinear")[:, :, 2:-2, 2:-2]
    return x if gain == 4 else x * (gain / 4)


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
    if not torch.is_grad_enabled() and x.dtype != torch.bfloat16:  # no arithmetic with sizes: exporters leave them free
        return _doubled(x, gain)
    return _filtered(x, gain, 2, 1, (2 * x.shape[2], 2 * x.shape[3]))


@full_precision
def _doubled(x: Tensor, gain: float) -> Tensor:
    if pools(x):
        return _stretched(x, gain)
    kernel = _filter(x.shape[1], gain, x.dtype, x.device)
    return F.conv_transpose2d(x, kernel, stride=2, padding=1, groups=x.shape[1])


def normal(*shape: int, deviation: float = 1.0) -> Tensor:
    """N(0, deviation²), the first values of a weight.

    Nothing is drawn on the meta device, where a network is made whose weights are loaded: torch would import its
    compiler for it, which takes longer than torch itself.
    """
    values = torch.empty(shape)
    return values if values.is_meta else values.normal_(0.0, deviation)


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
        self.weight = nn.Parameter(normal(out_dim, in_dim, deviation=1 / lr_mul))
        self.bias = nn.Parameter(torch.zeros(out_dim).fill_(bias_init))
        self.scale = lr_mul / math.sqrt(in_dim)
        self.lr_mul = lr_mul
        self.activate = activate

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            x = _linear(x, self.weight * self.scale, self.bias * self.lr_mul)
        else:  # the vector is smaller than the weight
            x = _linear(x.to(self.weight.dtype) * self.scale, self.weight, self.bias * self.lr_mul)
        return leaky_relu(x) if self.activate else x


@full_precision
def _linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return F.linear(x.to(weight.dtype), weight, bias)


class EqualConv2d(nn.Module):
    """Convolution with equalized learning rate: [N, in, H, W] -> [N, out, H', W']."""

    def __init__(self, in_ch: int, out_ch: int, kernel: int, *, stride: int = 1, padding: int = 0, bias: bool = False):
        super().__init__()
        self.weight = nn.Parameter(normal(out_ch, in_ch, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(out_ch)) if bias else None
        self.scale = 1 / math.sqrt(in_ch * kernel * kernel)
        self.stride, self.padding = stride, padding

    def forward(self, x: Tensor, bias: Tensor | None = None, *, gain: float = 1.0) -> Tensor:
        """`bias` [out] replaces the layer's own; `gain` multiplies the result."""
        bias = self.bias if bias is None else bias
        bias = bias if bias is None else bias * gain
        scale = self.scale * gain
        weight: Tensor = self.weight
        if runs_frozen(x) and weight.shape[2:] == (1, 1) and (self.stride, self.padding) == (1, 0):
            y = F.linear(x.permute(0, 2, 3, 1), weight[:, :, 0, 0] * scale, bias)  # torch's 1 x 1 convolution is slower
            return y.permute(0, 3, 1, 2)
        if runs_frozen(x) and x[0].numel() < weight.numel():
            x = x * scale
        else:
            weight = weight * scale
        return F.conv2d(x, weight, bias, stride=self.stride, padding=self.padding)


class UpSkip(nn.Module):
    """The skip of an up-sampling residual block, a 1 x 1 convolution: [N, in, H, W] -> [N, out, 2H, 2W].

    Published networks insert zeros first, then convolve and blur. A 1 x 1 convolution commutes with both, so here it
    runs at the small size, for a quarter of the work. Its weight keeps their axes, [in, out, 1, 1], and the filter
    keeps their gain of 1, which divides the values by four.
    """

    def __init__(self, in_ch: int, out_ch: int):
        super().__init__()
        self.weight = nn.Parameter(normal(in_ch, out_ch, 1, 1))
        self.scale = 1 / math.sqrt(in_ch)

    def forward(self, x: Tensor, *, gain: float = 1.0) -> Tensor:
        weight = self.weight.transpose(0, 1) * (self.scale * gain)
        if runs_frozen(x):
            x = F.linear(x.permute(0, 2, 3, 1), weight[:, :, 0, 0]).permute(0, 3, 1, 2)
        else:
            x = F.conv2d(x, weight)
        return upsample(x, gain=1.0)


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
                x = _leaky(x)
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
        y, skip = self.conv2(self.conv1(x), gain=1 / SQRT2), self.skip(x, gain=1 / SQRT2)
        return y + skip if torch.is_grad_enabled() else y.add_(skip)


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
        self.weight = nn.Parameter(normal(out_ch, in_ch, kernel, kernel))
        self.modulation = EqualLinear(style_dim, in_ch, bias_init=1.0)
        self.scale = 1 / math.sqrt(in_ch * kernel * kernel)
        self.padding = kernel // 2
        self.up, self.demodulate = up, demodulate

        self._known: dict[str, tuple[tuple[int, int], Tensor]] = {}

    def forward(self, x: Tensor, style: Tensor, bias: Tensor | None = None, *, gain: float = 1.0) -> Tensor:
        """`bias` [out] is added at the end; `gain` multiplies the result, bias included."""
        s = self.modulation(style) * self.scale  # [N, in]
        if self.weight.shape[2] == 1 and not self.demodulate and runs_frozen(x):
            return self._pointwise(x, s * gain, bias if bias is None else bias * gain)
        x = x * s.to(x.dtype)[:, :, None, None]
        if self.up:
            x = F.conv_transpose2d(x, self.weight.transpose(0, 1), stride=2)  # [N, out, 2H+1, 2W+1]
            x = blur(x, (1, 1), gain=4.0)  # [N, out, 2H, 2W]
        else:
            x = F.conv2d(x, self.weight, padding=self.padding)
        factor = self.demodulation(s) * gain if self.demodulate else s.new_full((1, 1), gain)
        shift = torch.zeros_like(self.weight[:, 0, 0, 0]) if bias is None else bias * gain
        return torch.addcmul(shift.to(x.dtype).view(1, -1, 1, 1), x, factor.to(x.dtype)[:, :, None, None])

    def _pointwise(self, x: Tensor, s: Tensor, bias: Tensor | None) -> Tensor:
        """A modulated 1 x 1 convolution as a product of matrices: with few outputs, much faster than a convolution."""
        n, c, h, w = x.shape
        weight = self.weight[:, :, 0, 0].t() * s[:, :, None]  # [N, in, out]
        y = _product(x.permute(0, 2, 3, 1).reshape(n, h * w, c), weight.to(x.dtype))
        y = y if bias is None else y.add_(bias.to(y.dtype))
        return y.reshape(n, h, w, -1).permute(0, 3, 1, 2)

    def demodulation(self, s: Tensor) -> Tensor:
        """The factors [N, out] that scale output channels to unit variance, for styles [N, in]."""
        return _demodulation(s, self.energy())

    def energy(self) -> Tensor:
        """The sum of squares of each input's weights for each output, [in, out]; computed once for a frozen weight."""
        return self._once("energy", _energy)

    def cast(self, dtype: torch.dtype) -> Tensor:
        """The frozen weight in another dtype; kept."""
        return self.weight if dtype == self.weight.dtype else self._once(str(dtype), lambda weight: weight.to(dtype))

    def composed(self, dtype: torch.dtype) -> Tensor:
        """The frozen weight of a layer that doubles the size with the filter in it, [4 out, in, 3, 3]; kept."""
        return self._once(f"composed {dtype}", lambda weight: _composed(weight).to(dtype))

    def _once(self, name: str, make: Callable[[Tensor], Tensor]) -> Tensor:
        if torch.is_grad_enabled() or torch.compiler.is_compiling() or self.weight.is_inference():
            return make(self.weight)
        state = self.weight.data_ptr(), self.weight._version  # a weight that is changed or moved is not the same
        if name not in self._known or self._known[name][0] != state:
            self._known[name] = state, make(self.weight)
        return self._known[name][1]


def _composed(weight: Tensor) -> Tensor:
    """Transposed convolution of stride 2 and filter as one 3 x 3 convolution with four times the outputs.

    [out, in, 3, 3] -> [(row, column, out), in, 3, 3], for the 2 x 2 pixels that an input pixel becomes.
    """
    taps = (0.25, 0.75, 0.75, 0.25)
    # Output pixel 2m + a takes input pixel m + e - 1 by the weight's tap k if the filter has a tap at k + 2e - a - 1.
    places = [[[k + 2 * e - a - 1 for k in range(3)] for e in range(3)] for a in range(2)]
    axis = torch.tensor([[[taps[d] if 0 <= d < 4 else 0.0 for d in row] for row in rows] for rows in places])
    axis = axis.to(weight)
    whole = torch.einsum("aek,bfl,oikl->aboief", axis, axis, weight)
    return whole.flatten(0, 2).contiguous(memory_format=torch.channels_last)


@full_precision
def _energy(weight: Tensor) -> Tensor:
    return weight.square().sum(dim=(2, 3)).t()


@full_precision
def _demodulation(s: Tensor, energy: Tensor) -> Tensor:
    return torch.rsqrt(s.square() @ energy + 1e-8)


@full_precision
def _product(a: Tensor, b: Tensor) -> Tensor:
    return a @ b


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
        if runs_frozen(x):
            # What autocast would do to a convolution, done to the whole layer.
            dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype
            return self._frozen(x.to(dtype), style, noise, gain)
        x = self.noise(self.conv(x, style, self.activate.bias, gain=gain), noise, gain=gain)
        return _leaky(x)

    @full_precision
    def _frozen(self, x: Tensor, style: Tensor, noise: Tensor | None, gain: float) -> Tensor:
        """The same without gradients, in the dtype of `x`."""
        conv, dtype = self.conv, x.dtype
        s = conv.modulation(style) * conv.scale  # [N, in]
        factor = conv.demodulation(s) * gain  # [N, out]
        bias = (self.activate.bias * gain).to(dtype)
        plane = None if noise is None else ((self.noise.weight * gain) * noise).to(dtype)
        if conv.up and dtype != conv.weight.dtype:
            # Matrix units make a convolution so fast that four times the arithmetic costs less than a transposed one.
            n, _, h, w = x.shape
            y = F.conv2d(x * s.to(dtype)[:, :, None, None], conv.composed(dtype), padding=1)
            y = y.permute(0, 2, 3, 1).reshape(n, h, w, 2, 2, -1).permute(0, 1, 3, 2, 4, 5)
            y = y.reshape(n, 2 * h, 2 * w, -1).permute(0, 3, 1, 2)
            torch.addcmul(bias.view(1, -1, 1, 1), y, factor.to(dtype)[:, :, None, None], out=y)
        elif len(x) == 1 and x.numel() >= conv.weight.numel():
            weight = (conv.weight * (factor[0][:, None] * s[0])[:, :, None, None]).to(dtype)
            if conv.up:
                return _up_in_strips(x, weight.transpose(0, 1), bias, plane)
            y = F.conv2d(x, weight, bias, padding=1)
        else:
            x, weight = x * s.to(dtype)[:, :, None, None], conv.cast(dtype)
            if conv.up:
                y = blur(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2), (1, 1), gain=4.0)
            else:
                y = F.conv2d(x, weight, padding=1)
            torch.addcmul(bias.view(1, -1, 1, 1), y, factor.to(dtype)[:, :, None, None], out=y)
        return _leaky(y if plane is None else y.add_(plane))


def _up_in_strips(x: Tensor, weight: Tensor, bias: Tensor, plane: Tensor | None) -> Tensor:
    """Transposed convolution, filter, bias, noise and leaky ReLU: x [1, in, H, W] -> [1, out, 2H, 2W].

    weight : [in, out, 3, 3]. It goes strip by strip, so that the maps between the steps stay in memory in use.
    """
    _, _, h, w = x.shape
    out = weight.shape[1]
    kernel = _filter(out, 4.0, x.dtype, x.device)
    y = torch.empty(1, out, 2 * h, 2 * w, dtype=x.dtype, memory_format=torch.channels_last)
    rows = max(4, STRIP // (4 * w * out * x.element_size()))
    for top in range(0, h, rows):
        end = min(h, top + rows)
        # The filter's window for output row r is rows r - 1 to r + 2 of the transposed convolution, whose row r takes
        # input rows r / 2 - 1 to r / 2: hence one row more on either side; the first and last result are incomplete.
        first, last = max(0, top - 1), min(h, end + 1)
        wide = F.conv_transpose2d(x[:, :, first:last], weight, stride=2)  # its row 0 is row 2 * first of the whole
        at = 2 * top - 1 if top else 0
        until = 2 * end + 2 if end < h else 2 * h + 1
        wide = wide[:, :, at - 2 * first : until - 2 * first]
        edge = top == 0 or end == h  # where rows of zeros are needed; those of the other side are dropped below
        smooth = F.conv2d(wide, kernel, bias=bias, padding=(1 if edge else 0, 1), groups=out)
        skip = 1 if edge and top else 0
        smooth = smooth[:, :, skip : skip + 2 * (end - top)]
        if plane is not None:
            smooth.add_(plane[:, :, 2 * top : 2 * end])
        torch.ops.aten.leaky_relu.out(smooth, LEAK, out=y[:, :, 2 * top : 2 * end])
    return y


def arrange(network: nn.Module) -> nn.Module:
    """Lay the weights of a network out in memory as frozen use wants them; values and shapes stay the same."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for part in network.modules():
        if isinstance(part, ModulatedConv2d) and part.up:  # a transposed convolution takes [in, out, k, k]
            swapped = part.weight.data.transpose(0, 1).contiguous(memory_format=torch.channels_last)
            part.weight.data = swapped.transpose(0, 1)
    for weight in network.parameters():
        # A weight that is still mapped from its file begins anywhere; some CPUs sum it up in another order then, and a
        # seed would not give the same code from every file.
        if weight.device.type == "cpu" and weight.data_ptr() % ALIGNED:
            weight.data = weight.data.clone()
    return network


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
        # Copies, because callers may change their tensors in place.
        self._codes = codes.clone()
        self._key = tuple(value.clone() if isinstance(value, Tensor) else value for value in key)
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
