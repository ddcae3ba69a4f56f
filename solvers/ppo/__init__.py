"""Solvers that learn: the PPO family and an amortised search, each readable on its own."""
