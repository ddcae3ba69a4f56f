"""Speed of the image models, beside the same layers called in a bare loop: what our wrapper costs."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from .perf import Measurement, alternating_seconds

_BATCH, _STEPS = 64, 4


def measurements() -> Iterator[tuple[str, Callable[[], Measurement]]]:
    """Training and encoding of each family's lite model at C = 16, on one core."""
    from ..scm_zoo.architectures import FAMILIES

    for family in FAMILIES:
        yield f"training {family}", partial(training, family)
        yield f"encoding with {family}", partial(encoding, family)


def _design(family: str) -> Any:
    from ..scm_zoo.codec import Design
    from ..scm_zoo.recipe import LITE_WIDTHS

    return Design(family, LITE_WIDTHS[family], "lite", 16, linear_skip=True)


def training(family: str) -> Measurement:
    """Steps of our trainer, beside forward, backward and Adam on the same layers with the batches laid out."""
    import torch

    from ..scm_zoo.dead_leaves import dead_leaves
    from ..scm_zoo.recipe import Recipe
    from ..scm_zoo.training import Trainer

    torch.set_num_threads(1)
    images = dead_leaves(_BATCH * 20, seed=0)
    recipe = Recipe(epochs=10_000, batch=_BATCH, validation=_BATCH)
    with tempfile.TemporaryDirectory() as folder:
        ours = Trainer(_design(family), recipe, images, Path(folder)).run()
        bare = _bare_training(family, images)
        wrapped_s, bare_s = alternating_seconds(
            lambda: list(itertools.islice(ours, _STEPS)), lambda: list(itertools.islice(bare, _STEPS))
        )
    count = _BATCH * _STEPS
    return Measurement(
        f"training, {family}, one core", count / wrapped_s, "images/s", "bare loop", count / bare_s
    )


def _bare_training(family: str, images: Any) -> Iterator[float]:
    import torch

    from ..scm_zoo.codec import SemanticCodec
    from ..scm_zoo.loss import distortion

    codec: Any = SemanticCodec(_design(family))
    codec.to(memory_format=torch.channels_last)
    backbone, linear, link = codec.backbone, codec.linear, codec.link
    optimizer = torch.optim.Adam(codec.parameters(), 1e-3)
    batches = [
        batch.contiguous(memory_format=torch.channels_last)
        for batch in (images.float() / 255.0).split(_BATCH)
    ]
    for batch in itertools.cycle(batches):
        with torch.autocast("cpu", torch.bfloat16):
            mean, log_variance = codec.to_latent(backbone.encoder(batch - 0.5)).float().chunk(2, 1)
            mean, log_variance = mean + linear(batch - 0.5), log_variance.clamp(-12.0, 4.0)
            symbols = link.send(mean + (0.5 * log_variance).exp() * torch.randn(mean.shape))
            noise = 10.0 ** (-2.0 * torch.rand(len(batch), 1))
            received = symbols + torch.randn(symbols.shape, dtype=symbols.dtype) * noise.sqrt()
            latent, log_noise = link.receive(received / (1.0 + noise), noise)
            known = torch.cat([latent, (log_noise / 4.0).expand(-1, 1, 8, 8)], 1)
            decoded = backbone.decoder(codec.from_latent(known)).float() + linear.inverse(latent) + 0.5
            divergence = (1.0 + log_variance - mean.square() - log_variance.exp()).flatten(1).sum(1)
            loss = (distortion(batch, decoded) - 1e-4 / 6144 * divergence).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(codec.parameters(), 5.0)
        optimizer.step()
        yield float(loss.detach())


def encoding(family: str) -> Measurement:
    """``SemanticCodec.encode``, beside its layers and the normalisation written out."""
    import torch

    from ..scm_zoo.codec import SemanticCodec
    from ..scm_zoo.dead_leaves import dead_leaves

    torch.set_num_threads(1)
    codec: Any = SemanticCodec(_design(family)).eval()
    codec.to(memory_format=torch.channels_last)
    backbone, linear, link = codec.backbone, codec.linear, codec.link
    images = (dead_leaves(_BATCH, seed=0).float() / 255.0).contiguous(memory_format=torch.channels_last)

    def bare() -> Any:
        centred = images - 0.5
        mean = codec.to_latent(backbone.encoder(centred))[:, :16]
        mean = mean + torch.nn.functional.pixel_shuffle(linear.analyse(centred), 2)
        symbols = torch.view_as_complex(mean.reshape(_BATCH, -1, 2).contiguous())
        symbols = torch.cat([symbols[:, :-1], link.pilot.expand(_BATCH, 1).to(symbols.dtype)], 1)
        return symbols / (symbols.abs().square().mean(1, keepdim=True) + 1e-12).sqrt()

    with torch.inference_mode():
        wrapped_s, bare_s = alternating_seconds(
            lambda: [codec.encode(images) for _ in range(_STEPS)], lambda: [bare() for _ in range(_STEPS)]
        )
    count = _BATCH * _STEPS
    return Measurement(
        f"encoding, {family}, one core", count / wrapped_s, "images/s", "its layers alone", count / bare_s
    )
