"""PyTorch as a peer of `apical bench`: see protocol.py."""

import re
import sys

import torch

sys.dont_write_bytecode = True
from protocol import Peer, loaded_openblas, openblas_description, openblas_threads  # noqa: E402
from pytorch_ways import ways  # noqa: E402

OPENBLAS = loaded_openblas()


def use_threads(elementwise, product):
    torch.set_num_threads(elementwise)
    openblas_threads(OPENBLAS, product)


def blas_description():
    if OPENBLAS:
        return openblas_description(OPENBLAS[0])
    info = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    return "MKL" if torch.backends.mkl.is_available() else f"BLAS {info[1] if info else 'unknown'}"


def cpu_capability():
    match = re.search(r"CPU capability usage: (\S+)", torch.__config__.show())
    return match[1] if match else "unknown"


def release():
    """Returns the release. Debian reports the version of a pre-release source, so it is read from the build paths."""
    match = re.search(r"pytorch-(\d+\.\d+\.\d+)", torch.__config__.show())
    return match[1] if match and re.search(r"\da\d", torch.__version__) else torch.__version__


Peer(ways, use_threads, lambda: torch.manual_seed(1)).serve(
    "pytorch", release(), [blas_description(), f"elementwise {cpu_capability()}"]
)
