"""Compilation of the numerical kernels by numba, cached between processes and never stale.

numba's own cache looks at the file of a function only, so it serves old machine code when a function called
from another file has changed. Here the cache folder is named after the hash of all kernel sources.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
import platformdirs
from numpy.typing import NDArray

BoolArray = NDArray[np.bool_]
Function = TypeVar("Function", bound=Callable[..., object])


def source_hash(root: Path) -> str:
    """Hash of the names and contents of all kernel sources (``*_kernel.py``) of the rooms in a folder."""
    digest = hashlib.sha256()
    for path in sorted([*root.glob("*/*_kernel.py"), *root.glob("*/*/*_kernel.py")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@cache
def cache_folder() -> str | None:
    """Where compiled kernels of exactly these sources are kept; None where nothing can be written."""
    base = os.environ.get("NUMBA_CACHE_DIR") or platformdirs.user_cache_dir("rdebench")
    folder = Path(base) / "kernels" / source_hash(Path(__file__).parents[1])
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return str(folder) if os.access(folder, os.W_OK) else None


def kernel(function: Function) -> Function:
    """Compile a function when it is first called: strict floating point, division by zero as in numpy."""
    config: Any = numba.config
    folder, before = cache_folder(), config.CACHE_DIR
    config.CACHE_DIR = folder or before
    try:
        compile_it: Any = numba.njit(cache=folder is not None, error_model="numpy", nogil=True)
        return cast(Function, compile_it(function))
    finally:
        config.CACHE_DIR = before
