"""Image models trained over a noisy channel, measured, and described by cards that the problem reads as data."""
