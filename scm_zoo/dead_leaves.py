"""Dead leaves: seeded images of overlapping shapes, with statistics near those of photographs and no licence.

Only uniform numbers and correctly rounded operations (+ - * / and square roots) are used, never a logarithm, a sine
or a library's sum, so that every machine draws the same images to the last bit.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

_SIDE = 32
_CHUNK = 64
_LEAVES = 90
_RADII = (2.0, 28.0)
"""Least and largest radius, pixels; sizes follow a power law between them."""

_MARGIN = 8.0
"""How far outside the image the centre of a leaf may lie, pixels."""

_SOFTNESS = (0.8, 2.2)
"""Least and largest width of the edges of an image, pixels."""

_COLOURS = 4
"""Colours of an image; each leaf has a shade of one of them."""

_UNSEEN = 1 / 64
"""Share of every pixel left bare below which no further leaf is drawn."""


def dead_leaves(count: int, seed: int) -> Tensor:
    """Draw images of shapes that hide one another (Lee, Mumford, Huang, Int. J. Computer Vision 2001).

    Ellipses and rectangles whose radii have density r^-3, so that the picture looks alike at every scale. Each has
    one of the image's few colours, with a gradient and a grain of its own, and edges as soft as a lens makes them.

    Args:
        count: How many.
        seed: Not negative. Image i of a seed is the same whatever the count, and on every machine.

    Returns:
        ``uint8 [count, 3, 32, 32]``.
    """
    images = torch.empty((count, 3, _SIDE, _SIDE), dtype=torch.uint8)
    for start in range(0, count, _CHUNK):
        drawn = _draw(np.random.default_rng([seed, start]))[: count - start]
        images[start : start + _CHUNK] = torch.from_numpy(drawn)
    return images


def _draw(rng: np.random.Generator) -> np.ndarray:
    """A chunk of images, front to back: what the leaves so far left bare shows those behind them."""
    across = (np.arange(_SIDE, dtype=np.float32) + np.float32(0.5)).reshape(1, 1, _SIDE)
    down = across.transpose(0, 2, 1)
    bare = np.ones((_CHUNK, _SIDE, _SIDE), np.float32)
    image = np.zeros((3, _CHUNK, _SIDE, _SIDE), np.float32)
    shade, grain = np.zeros_like(bare), np.zeros_like(bare)
    palette, softness = _palette(rng), _uniform(rng, *_SOFTNESS)
    for leaf in range(_LEAVES):
        radius, ratio = _radii(rng), _uniform(rng, 0.3, 1.0)
        centre_x, centre_y = (_uniform(rng, -_MARGIN, _SIDE + _MARGIN) for _ in range(2))
        cosine, sine = _direction(rng)
        colour, slope, roughness = _paint(rng, palette)
        x, y = (across - centre_x) / radius, (down - centre_y) / radius
        along, beside = cosine * x + sine * y, (cosine * y - sine * x) / ratio
        if leaf % 3:
            size = np.sqrt(along * along + beside * beside)  # an ellipse
        else:
            size = np.maximum(abs(along), abs(beside))  # a rectangle
        shown = bare * np.clip((1 - size) * (radius * ratio / softness) + np.float32(0.5), 0, 1)
        bare -= shown
        for plane, value in zip(image, colour, strict=True):
            plane += value * shown
        shade += slope * along * shown
        grain += roughness * shown
        if bare.max() < _UNSEEN:
            break
    colour, _, roughness = _paint(rng, palette)  # the ground, behind all leaves
    for plane, value in zip(image, colour, strict=True):
        plane += value * bare
    image += shade + (grain + roughness * bare) * _noise(rng)
    return np.round(np.clip(image, 0, 1) * 255).astype(np.uint8).transpose(1, 0, 2, 3)


def _palette(rng: np.random.Generator) -> np.ndarray:
    """The colours of each image, ``[colours, 3, images, 1, 1]``."""
    contrast, middle = _uniform(rng, 0.2, 0.55), _uniform(rng, 0.35, 0.6)
    greys = [middle + contrast * _uniform(rng, -1.0, 1.0) for _ in range(_COLOURS)]
    return np.array([[grey + _bell(rng, 0.09) for _ in range(3)] for grey in greys])


def _paint(rng: np.random.Generator, palette: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For a leaf of each image: its colour ``[3, images, 1, 1]``, gradient and grain; most have next to no grain."""
    chosen = (_COLOURS * rng.random(_CHUNK)).astype(int)
    colour = palette[chosen, :, np.arange(_CHUNK)].transpose(1, 0, 2, 3) + _bell(rng, 0.1)
    square = np.square(_uniform(rng, 0.0, 1.0))
    return colour, _bell(rng, 0.15), np.float32(0.1) * np.square(square)


def _radii(rng: np.random.Generator) -> np.ndarray:
    """Radii with density r^-3 between the limits, by inversion."""
    least, most = (1.0 / (limit * limit) for limit in _RADII)
    return (1.0 / np.sqrt(least + (most - least) * rng.random((_CHUNK, 1, 1)))).astype(np.float32)


def _direction(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and sine of an angle of at most a right one either way, by the circle's rational parametrisation."""
    tangent = _uniform(rng, -1.0, 1.0)
    below = 1 + tangent * tangent
    return (1 - tangent * tangent) / below, 2 * tangent / below


def _noise(rng: np.random.Generator) -> np.ndarray:
    """White noise of unit variance: the difference of two uniform numbers."""
    first, second = (rng.random((_CHUNK, _SIDE, _SIDE), dtype=np.float32) for _ in range(2))
    return np.float32(2.45) * (first - second)


def _uniform(rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    """A number for each image, ``[images, 1, 1]``."""
    return (low + (high - low) * rng.random((_CHUNK, 1, 1))).astype(np.float32)


def _bell(rng: np.random.Generator, spread: float) -> np.ndarray:
    """A number for each image, nearly normal with this standard deviation: the sum of three uniform ones."""
    first, second, third = (_uniform(rng, -spread, spread) for _ in range(3))
    total: np.ndarray = first + second + third
    return total
