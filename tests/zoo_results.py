"""A made-up zoo as the page takes it: complete cards, pictures and a curve of separate coding."""

from __future__ import annotations

from typing import Any

# One pixel; the page shows what it is given without looking inside.
WEBP = "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA=="
SNR_DB = [-12.0, -4.0, 0.0, 5.0, 10.0, 20.0]
FALL = [9.0, 5.0, 3.0, 1.7, 1.0, 0.5]

MODELS = {
    # name: (family, symbols, distortion at 10 dB, seconds an image)
    "linear-klt-C8": ("linear-klt", 256, 0.0400, 10e-6),
    "LeNet-C8": ("LeNet", 256, 0.0380, 60e-6),
    "ResNet-C8": ("ResNet", 256, 0.0410, 300e-6),
    "linear-klt-C16": ("linear-klt", 512, 0.0250, 10e-6),
    "LeNet-C16": ("LeNet", 512, 0.0225, 60e-6),
    "ResNet-C16": ("ResNet", 512, 0.0200, 300e-6),
    "DPN-26-C16": ("DPN-26", 512, 0.0201, 500e-6),
}


def evaluation(dataset: str, distortion: float) -> dict[str, Any]:
    """The figures of one card on one set of images."""
    columns = {name: [0.0] * len(FALL) for name in ("standard_error", "loss", "mse", "sem")}
    return columns | {
        "dataset": dataset,
        "images": 1000,
        "channel_draws": 5,
        "seed": 0,
        "snr_db": SNR_DB,
        "distortion": [distortion * factor for factor in FALL],
        "psnr": [14.0, 18.0, 20.0, 23.0, 26.0, 30.0],
        "ssim": [0.3, 0.5, 0.6, 0.7, 0.9, 0.95],
    }


def zoo_card(name: str, family: str, symbols: int, distortion: float, seconds: float) -> dict[str, Any]:
    """One card with every field that the page reads."""
    return {
        "schema": "rdebench-card/1",
        "name": name,
        "version": 1,
        "arch": {
            "family": family,
            "width": 1.0,
            "variant": "lite",
            "latent": symbols // 32,
            "linear_skip": True,
        },
        "weights": {"file": f"{name}.safetensors", "sha256": "0" * 64, "dtype": "float16", "bytes": 1000},
        "train": {
            "dataset": "cifar10-mixed",
            "channel": "awgn",
            "snr_db": [0.0, 20.0],
            "preset": "lite",
            "epochs": 10.0,
            "steps": 0 if family == "linear-klt" else 7650,
            "batch": 64,
            "learning_rate": 1e-3,
            "seed": 0,
            "alpha": 0.8,
            "beta": 1e-4,
            "seconds": 360.0,
            "hardware": "a small processor, 1 core",
            "commit": None,
        },
        "rate": {"symbols": symbols, "k_over_n": symbols / 3072, "payload_bits": 16.0 * symbols},
        "eval": [evaluation("dead-leaves", 1.3 * distortion), evaluation("cifar10-mixed", distortion)],
        "curve": {
            "dataset": "cifar10-mixed",
            "snr_db": SNR_DB,
            "distortion": [distortion * factor for factor in FALL],
        },
        "cost": {
            "params": 31271,
            "macs_encode": round(seconds * 1e11),
            "macs_total": round(seconds * 2e11),
            "activation_bytes": 53248,
            "latency": {
                "seconds": seconds * 64,
                "images": 64,
                "batch": 64,
                "device": "a small processor, 1 core",
                "dtype": "float32",
                "source": "measured",
            },
            "power": {
                "watts": 0.243,
                "device": "a small processor, 1 core",
                "source": "estimated",
                "method": "an estimate by its operations",
            },
        },
    }


def zoo_pictures(names: list[str], images: int = 2) -> dict[str, Any]:
    """An index of pictures with its files."""
    ratios = [0.0, 10.0]
    sheets = {
        name: {
            "file": f"{name}.webp",
            "weights_sha256": "0" * 64,
            "psnr": [[20.25, 26.0]] * images,
            "ssim": [[0.61, 0.9]] * images,
        }
        for name in names
    }
    return {
        "schema": "rdebench-pictures/1",
        "dataset": "dead-leaves",
        "images": images,
        "side": 32,
        "snr_db": ratios,
        "originals": "originals.webp",
        "models": sheets,
        "data": {"originals.webp": WEBP} | {f"{name}.webp": WEBP for name in names},
    }


def example_zoo(*, pictures: bool = True) -> dict[str, Any]:
    """Seven models at two rates; ResNet-C8 loses to the floor, DPN-26-C16 is slower than ResNet-C16 and no better."""
    separate = [
        {
            "codec": "AVIF",
            "dataset": "cifar10-mixed",
            "symbols": symbols,
            "snr_db": [0.0, 5.0, 10.0, 20.0],
            "distortion": [factor * 0.02 for factor in (4.0, 2.0, 0.75, 0.3)],
        }
        for symbols in (256, 512)
    ]
    return {
        "cards": [zoo_card(name, *about) for name, about in MODELS.items()],
        "separate": separate,
        "pictures": zoo_pictures(list(MODELS)) if pictures else None,
    }
