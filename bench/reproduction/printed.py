"""What the paper prints about the comparison of strategies."""

from __future__ import annotations

FIG5 = {
    "ppo-paper": (-3.92, 0.17),
    "average": (-13.64, 0.21),
    "random": (-16.53, 0.73),
    "heuristic-rde": (-22.06, 0.78),
}
"""Section IV, Fig. 5: mean and standard deviation of the reward over 400 episodes with 12 users."""
