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
    found = re.search(r"CPU capability usage: (\S+)", torch.__config__.show())
    return found[1] if found else "unknown"


def release():
    """Debian reports the version of the source before its release; the build paths give the release itself."""
    found = re.search(r"pytorch-(\d+\.\d+\.\d+)", torch.__config__.show())
    return found[1] if found and re.search(r"\da\d", torch.__version__) else torch.__version__


Peer(ways, use_threads, lambda: torch.manual_seed(1)).serve(
    "pytorch", release(), [blas_description(), f"elementwise {cpu_capability()}"]
)
