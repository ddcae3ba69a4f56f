"""What the paper leaves open about the reward (12), the strategies and PPO, numbered as in ``docs/problem.md``."""

from __future__ import annotations

from .decisions import Alternative, Decision

_BOTH = ("main", "literal")


def _but(own: str) -> tuple[Alternative, ...]:
    return tuple(
        Alternative(f"reward-{reading}", reading, {"reward.reading": reading})
        for reading in ("hinge", "signed", "absolute")
        if reading != own
    )


def _power_share(value: str, words: str) -> tuple[Alternative, ...]:
    shared = {name: {"power_share": value} for name in ("average", "random", "heuristic-rde")}
    return (Alternative(f"share-{value}", words, options=shared),)


_READING = Decision(
    11,
    "(12) is signed, its text penalises violations, the evaluation speaks of deviation",
    {"main": "hinge", "literal": "signed"},
    {"main": _but("hinge"), "literal": _but("signed")},
)

_GAMMAS = Decision(
    12,
    "the text names latency first, (12) power",
    dict.fromkeys(_BOTH, "gamma_1 = 0.3 on power, gamma_2 = 0.2 on latency"),
    dict.fromkeys(
        _BOTH,
        (
            Alternative(
                "gammas-swapped",
                "0.3 on latency, 0.2 on power",
                {"reward.gamma_power": 0.2, "reward.gamma_latency": 0.3},
            ),
        ),
    ),
)

_BAND = Decision(
    13,
    "(12) has no penalty for bandwidth",
    dict.fromkeys(_BOTH, "(7c) is a constraint, kept by the map from actions"),
    dict.fromkeys(
        _BOTH,
        (
            Alternative(
                "band-penalty",
                "a third penalty",
                reason="the strategies and PPO give out exactly the whole band: the third term would be 0",
            ),
        ),
    ),
)

_UNITS = Decision(
    14,
    "units in (12)",
    {"main": "W, s and Mbit/s", "literal": "W, s and bit/s/Hz"},
    {
        "main": (
            Alternative("unit-mw", "power in mW", {"reward.gamma_power": 300.0}),
            Alternative("unit-ms", "latency in ms", {"reward.gamma_latency": 200.0}),
            Alternative(
                "unit-kbit",
                "rates in kbit/s (rewards are thousandths)",
                {"reward.gamma_power": 0.3e-3, "reward.gamma_latency": 0.2e-3},
            ),
        ),
        "literal": (
            Alternative("unit-mw", "power in mW", {"reward.gamma_power": 300.0}),
            Alternative("unit-ms", "latency in ms", {"reward.gamma_latency": 200.0}),
        ),
    },
)

_CAP = Decision(
    15,
    "a latency can be infinite",
    dict.fromkeys(_BOTH, "capped at ten deadlines in the reward"),
    dict.fromkeys(
        _BOTH,
        (
            Alternative(
                "cap-none",
                "no cap",
                reason="a user without rate then has a reward of minus infinity, and a mean says nothing",
            ),
        ),
    ),
)

_AVERAGE = Decision(
    17,
    'which model "average" uses',
    dict.fromkeys(_BOTH, "LeNet"),
    dict.fromkeys(
        _BOTH,
        tuple(
            Alternative(f"average-{model.lower()}", model, options={"average": {"model": model}})
            for model in ("ResNet", "MobileNet", "DPN-26")
        ),
    ),
)

_RANDOM = Decision(
    18,
    'what "random" draws',
    dict.fromkeys(_BOTH, "uniform models, flat Dirichlet shares"),
    dict.fromkeys(
        _BOTH,
        (
            Alternative(
                "random-uniform",
                "uniform models, uniform numbers over their sum",
                options={"random": {"rule": "uniform"}},
            ),
            Alternative(
                "random-action",
                "uniform actions of the environment",
                options={"random": {"rule": "action"}},
            ),
            Alternative(
                "random-equal", "uniform models, equal shares", options={"random": {"rule": "equal"}}
            ),
        ),
    ),
)

_SHARE = Decision(
    19,
    "which power the strategies share out",
    {"main": "what the models leave over", "literal": "all of it"},
    {
        "main": _power_share("budget", "all of it, which breaks (7b) by the models' power"),
        "literal": _power_share("remaining", "what the models leave over"),
    },
)

_HEURISTIC = Decision(
    20,
    'what "heuristic-RDE" compares',
    {
        "main": "RDE of each user at equal shares, the model's own power taken off",
        "literal": "RDE of each user at equal shares, the model's own power not taken off",
    },
    {
        "main": (
            Alternative(
                "heuristic-budget",
                "the model's own power not taken off",
                options={"heuristic-rde": {"compares": "budget"}},
            ),
        ),
        "literal": (
            Alternative(
                "heuristic-remaining",
                "the model's own power taken off",
                options={"heuristic-rde": {"compares": "remaining"}},
            ),
        ),
    },
)

_ADVANTAGE = Decision(
    21,
    "(13) is called GAE but is G - V",
    dict.fromkeys(_BOTH, "episodes of one decision"),
    dict.fromkeys(
        _BOTH,
        (
            Alternative(
                "advantage",
                "GAE, or Monte Carlo",
                reason="in an episode of one decision both are R - V, whatever lambda and the discount are",
            ),
        ),
    ),
)

_EPISODE = Decision(
    22,
    'the state has "remaining" power and bandwidth, but no order of users',
    dict.fromkeys(_BOTH, "all users at once, one decision an episode"),
    dict.fromkeys(
        _BOTH,
        (
            Alternative(
                "episode-turns",
                "one user a turn",
                reason="PPO is trained anew for the readings of (12) alone; the baselines do not change",
            ),
        ),
    ),
)

DECISIONS = (
    *(_READING, _GAMMAS, _BAND, _UNITS, _CAP),
    *(_AVERAGE, _RANDOM, _SHARE, _HEURISTIC, _ADVANTAGE, _EPISODE),
)
