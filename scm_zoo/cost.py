"""What a codec costs: parameters, multiply-adds, activations, latency and power."""

from __future__ import annotations

import importlib
import platform
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.utils.benchmark import Timer
from torch.utils.flop_counter import FlopCounterMode

from .card import Cost, Latency, Power
from .channel import transmit
from .codec import SemanticCodec

BATCH = 64
"""Images encoded at a time when latency is measured."""

_JOULE_PER_MAC, _JOULE_PER_BYTE = 4.6e-12, 160e-12
_ESTIMATE = (
    "dynamic energy of encoding one image over the measured seconds per image: 4.6 pJ for each multiply-add "
    "(32-bit float multiply 3.7 pJ and add 0.9 pJ) and 160 pJ for each byte of activations, and of encoder weights "
    "once a batch, moved (640 pJ for a 32-bit word of DRAM); Horowitz, ISSCC 2014, 45 nm; nothing was measured but "
    "the seconds"
)
_RAPL = Path("/sys/class/powercap")
_SECONDS = 2.0
"""Length of a power measurement, and four times the least length of a round of latency."""

_ROUNDS = 7
"""Rounds in which latency is measured."""


def measure(codec: SemanticCodec) -> Cost:
    """Count and time encoding on the device where the codec is; a CPU is one core and float32.

    Raises:
        RuntimeError: If the codec cannot run at all.
    """
    codec.eval()
    macs_encode, macs_total, activation_bytes, _ = count(codec)
    latency = _latency(codec)
    power = _measured_power(codec, latency.device) or Power(
        watts=estimated_watts(codec, latency), device=latency.device, source="estimated", method=_ESTIMATE
    )
    return Cost(
        params=sum(parameter.numel() for parameter in codec.parameters()),
        macs_encode=macs_encode,
        macs_total=macs_total,
        activation_bytes=activation_bytes,
        latency=latency,
        power=power,
    )


def estimated_watts(codec: SemanticCodec, latency: Latency) -> float:
    """Power while encoding, from operations and bytes moved over the seconds measured."""
    macs, _, activations, weights = count(codec)
    joule = _JOULE_PER_MAC * macs + _JOULE_PER_BYTE * (activations + weights / latency.batch)
    return _rounded(joule * latency.images / latency.seconds)


@torch.no_grad()
def count(codec: SemanticCodec) -> tuple[int, int, int, int]:
    """What encoding one image takes, whatever the machine.

    Returns:
        Multiply-adds of encoding, multiply-adds of encoding and decoding, bytes that the convolutions of the
        encoder put out in float32, and bytes of the encoder's weights in float32.
    """
    codec.eval()
    device = codec.link.pilot.device
    image = torch.zeros((1, 3, 32, 32), device=device)
    written, weights = 0, 0

    def add(module: nn.Module, _: object, output: torch.Tensor) -> None:
        nonlocal written, weights
        weights += 4 * sum(parameter.numel() for parameter in module.parameters(recurse=False))
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            written += 4 * output.numel()

    leaves = [module for module in codec.modules() if not list(module.children())]
    hooks = [module.register_forward_hook(add) for module in leaves]
    with FlopCounterMode(display=False) as encoding:
        symbols = codec.encode(image)
    for hook in hooks:
        hook.remove()
    snr_db = torch.full((1,), 10.0, device=device)
    received = transmit(symbols, snr_db, "awgn", torch.Generator(device).manual_seed(0))
    with FlopCounterMode(display=False) as decoding:
        codec.decode(*received)
    encode, decode = encoding.get_total_flops() // 2, decoding.get_total_flops() // 2
    return encode, encode + decode, written, weights


def device_name(device: torch.device | None = None) -> str:
    """Model of the CPU or GPU, for cards."""
    if device is not None and device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return next(iter(models), platform.processor() or platform.machine())


def _latency(codec: SemanticCodec) -> Latency:
    """Time of encoding a batch: the least of several medians, since other load can only add to it."""
    device = codec.link.pilot.device
    timer = Timer("encode()", globals={"encode": _encoding(codec)}, num_threads=1)
    median = min(timer.blocked_autorange(min_run_time=_SECONDS / 4).median for _ in range(_ROUNDS))
    return Latency(
        seconds=_rounded(median),
        images=BATCH,
        batch=BATCH,
        device=device_name(device) + ("" if device.type == "cuda" else ", 1 core"),
        dtype="float32",
        source="measured",
    )


def _measured_power(codec: SemanticCodec, device: str) -> Power | None:
    """Average power while encoding, where a counter of energy can be read; else None."""
    if codec.link.pilot.device.type == "cuda":
        counter, what = _nvml_joule(codec.link.pilot.device), "NVML energy counter of the whole GPU"
    else:
        counter, what = _rapl_joule(), "RAPL energy counter of the whole processor package"
    if counter is None:
        return None
    encode, threads = _encoding(codec), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        before, began = counter(), time.monotonic()
        while time.monotonic() - began < _SECONDS:
            encode()
        joule, seconds = counter() - before, time.monotonic() - began
    finally:
        torch.set_num_threads(threads)
    if joule <= 0:  # a counter that wrapped around or stands still
        return None
    method = f"{what} over {_SECONDS:g} s of encoding, idle power and whatever else ran included"
    return Power(watts=_rounded(joule / seconds), device=device, source="measured", method=method)


def _rapl_joule() -> Callable[[], float] | None:
    """Energy of all processor packages, J, if this user may read it."""
    files = sorted(_RAPL.glob("intel-rapl:[0-9]*/energy_uj"))
    packages = [file for file in files if file.parent.name.count(":") == 1]

    def read() -> float:
        return 1e-6 * sum(int(file.read_text(encoding="ascii")) for file in packages)

    try:
        return read if packages and read() > 0 else None
    except (OSError, ValueError):
        return None


def _nvml_joule(device: torch.device) -> Callable[[], float] | None:
    """Energy of a GPU, J, if NVML and its Python binding are there."""
    try:
        pynvml = importlib.import_module("pynvml")
        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except Exception:  # the binding has exceptions of its own, and need not be installed
        return None
    return lambda: 1e-3 * float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle))


def _encoding(codec: SemanticCodec) -> Callable[[], None]:
    device = codec.link.pilot.device
    images = torch.rand((BATCH, 3, 32, 32), generator=torch.Generator().manual_seed(0)).to(device)
    images = images.contiguous(memory_format=torch.channels_last)

    def encode() -> None:
        with torch.inference_mode():
            codec.encode(images)
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return encode


def _rounded(value: float) -> float:
    """Three significant digits: more would be noise."""
    return float(f"{value:.3g}")
