"""The commands of ``rdebench``, one a file."""
