"""What the paper leaves open about the problem (4)-(7f), numbered as in ``docs/problem.md``."""

from __future__ import annotations

from ...problems import RDEProblem
from .decisions import Alternative, Decision

MODELS = ("LeNet", "ResNet", "MobileNet", "DPN-26")

_SAMPLES = 50_000
"""Images that Table I's times are for."""

_ONE_IMAGE = 32 * 32 * 3 * 8
"""Bits of one image of 32 x 32 pixels, uncompressed."""


SIZES = dict(zip(MODELS, (108e6, 144e6, 72e6, 180e6), strict=True))
"""Payloads of ``main``, bit."""


def for_all(payload: float) -> dict[str, float]:
    """The same payload for every model."""
    return dict.fromkeys(MODELS, payload)


def _energy_per_image(problem: RDEProblem) -> RDEProblem:
    """Power times time of one image, mJ, where mW stand; against 3000 mJ."""
    return problem.replace(scm_power=problem.scm_power * problem.scm_latency / _SAMPLES * 1e3)


_PAYLOAD = Decision(
    3,
    "(4) divides the size of one image, while compute time is for 50,000",
    {"main": "bits for the batch, 72 to 180 Mbit by model", "literal": "552 bit/Hz for all models"},
    {
        "main": (
            Alternative("payload-equal", "126 Mbit for all models", {"models.payload": for_all(126e6)}),
            Alternative(
                "payload-image",
                f"one image, {_ONE_IMAGE:,} bit for all models",
                {"models.payload": for_all(_ONE_IMAGE)},
            ),
        ),
        "literal": (
            *(
                Alternative(
                    f"payload-{size}", f"{size} bit/Hz for all models", {"models.payload": for_all(size)}
                )
                for size in (50, 100, 211, 400, 584)
            ),
            *(
                Alternative(
                    f"payload-100-{reading}",
                    f"100 bit/Hz for all models, (12) {reading}",
                    {"models.payload": for_all(100), "reward.reading": reading},
                    against="payload-100",
                )
                for reading in ("hinge", "absolute")
            ),
            Alternative(
                "payload-by-model",
                "315 to 789 bit/Hz, in the ratios of the other preset",
                {"models.payload": {name: 552.0 * bits / 126e6 for name, bits in SIZES.items()}},
            ),
            Alternative(
                "payload-image",
                f"one image, {_ONE_IMAGE:,} bit over (3) as printed",
                {"models.payload": for_all(_ONE_IMAGE)},
            ),
        ),
    },
)

_DISTORTION = Decision(
    4,
    "(5) is a norm, its text a cross-entropy, and the actions use the loss (11)",
    dict.fromkeys(("main", "literal"), "the loss of Table I"),
    dict.fromkeys(
        ("main", "literal"),
        (
            Alternative(
                "distortion-norm",
                "the norm (5), or a cross-entropy",
                reason="the paper prints neither for its models",
            ),
        ),
    ),
)

_SCALE = Decision(
    5,
    "scale of D",
    dict.fromkeys(("main", "literal"), "1e-4 of the loss, so that lambda D is the printed loss"),
    dict.fromkeys(
        ("main", "literal"),
        (
            Alternative("scale-printed", "the loss as printed", {"models.distortion_per_loss": 1.0}),
            Alternative(
                "scale-numbers",
                "the loss over 3,072 numbers an image",
                {"models.distortion_per_loss": 1.0 / 3072.0},
            ),
        ),
    ),
)

_SENSE = Decision(
    6,
    "Section I minimises RDE, (7a) maximises it",
    dict.fromkeys(("main", "literal"), "maximise"),
    dict.fromkeys(
        ("main", "literal"),
        (Alternative("minimise", "minimise", reason="the least RDE is 0: nobody sends anything"),),
    ),
)

_POWER = Decision(
    7,
    "Table I prints watts; twelve of its smallest models would need 1440 W of 3 W",
    dict.fromkeys(("main", "literal"), "read as mW"),
    {
        "main": (
            Alternative(
                "power-w",
                "watts as printed, infeasible instances kept",
                {"models.power_unit": "W", "limits.feasible_only": None},
            ),
            Alternative(
                "power-energy",
                "mJ for one image (12.2, 28.6, 18.0, 58.0) of 3000 mJ",
                altered=_energy_per_image,
            ),
        ),
        "literal": (
            Alternative("power-w", "watts as printed", {"models.power_unit": "W"}),
            Alternative(
                "power-energy",
                "mJ for one image (12.2, 28.6, 18.0, 58.0) of 3000 mJ",
                altered=_energy_per_image,
            ),
        ),
    },
)

_SUM = Decision(
    8,
    '(7b) says energy, and "for all m" on a sum',
    dict.fromkeys(("main", "literal"), "one power constraint"),
    dict.fromkeys(
        ("main", "literal"),
        (
            Alternative(
                "sum-for-each",
                "the same budget for each user",
                reason="a sum over all users does not depend on m; energy is under 7",
            ),
        ),
    ),
)

_COMPLEX = Decision(
    9,
    "power and bandwidth as complex matrices",
    dict.fromkeys(("main", "literal"), "real, not negative"),
    dict.fromkeys(
        ("main", "literal"),
        (Alternative("complex", "complex", reason="a complex power has no meaning in (3) and (7b)"),),
    ),
)

_BINARY = Decision(
    10,
    "(7e) a <= 1",
    dict.fromkeys(("main", "literal"), "binary"),
    dict.fromkeys(
        ("main", "literal"),
        (
            Alternative(
                "relaxed",
                "any number from 0 to 1",
                reason="that is the relaxation: no user can run a part of a model",
            ),
        ),
    ),
)

DECISIONS = (
    *(_PAYLOAD, _DISTORTION, _SCALE, _SENSE),
    *(_POWER, _SUM, _COMPLEX, _BINARY),
)
