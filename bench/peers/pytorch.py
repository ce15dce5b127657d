"""PyTorch as a peer of `apical bench`: JSON lines in, JSON lines out (see protocol.mjs for the messages).

Every kind of work is written in the ways a competent user would write it. The first time a kind of work is
asked for, all of them are tried in turn and the fastest is the one that is measured; the reply names it.
"""

import ctypes
import json
import math
import os
import re
import statistics
import sys
import time

import torch

sys.dont_write_bytecode = True
from pytorch_ways import ways  # noqa: E402

# The replies own stdout; anything a library prints goes to stderr.
REPLIES = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

# State starts afresh this often (untimed): momentum of units that fell silent would otherwise decay into
# subnormal numbers, which are slow for a reason that has nothing to do with the tool.
STEPS_BETWEEN_RESETS = 256
SHORTEST_TIMED_SECONDS = 2e-4
CALIBRATION_ROUNDS = 5
CALIBRATION_SECONDS = 0.05


# --- threads -------------------------------------------------------------------------------------------------


def loaded_openblas():
    """The OpenBLAS libraries in this process: torch.set_num_threads does not reach a pthreads build of them."""
    try:
        with open("/proc/self/maps") as maps:
            paths = {line.split()[-1] for line in maps if re.search(r"openblas[^/]*\.so", line)}
    except OSError:
        return []
    libraries = [ctypes.CDLL(path) for path in sorted(paths)]
    return [library for library in libraries if hasattr(library, "openblas_set_num_threads")]


OPENBLAS = loaded_openblas()


def use_threads(elementwise, product):
    torch.set_num_threads(elementwise)
    for library in OPENBLAS:
        library.openblas_set_num_threads(product)


def blas_description():
    if OPENBLAS:
        config = OPENBLAS[0].openblas_get_config
        config.restype = ctypes.c_char_p
        threading = {0: "sequential", 1: "pthreads", 2: "OpenMP"}.get(OPENBLAS[0].openblas_get_parallel(), "")
        match = re.match(r"OpenBLAS (\S+).*?(\S+) MAX_THREADS", config().decode())
        name = f"OpenBLAS {match[1]} ({match[2]} kernels)" if match else "OpenBLAS"
        return f"{name}, {threading}"
    info = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    return "MKL" if torch.backends.mkl.is_available() else f"BLAS {info[1] if info else 'unknown'}"


# --- measuring ------------------------------------------------------------------------------------------------------


def sample(variant, seconds):
    """Milliseconds per step of each timed repetition, and the number of steps taken."""
    clock = time.perf_counter
    variant.reset()
    for _ in range(2):
        variant.step()
    start = clock()
    variant.step()
    inner = max(1, math.ceil(SHORTEST_TIMED_SECONDS / max(clock() - start, 1e-9)))
    times, steps, since_reset = [], 0, 3
    deadline = clock() + seconds
    while True:
        if since_reset >= STEPS_BETWEEN_RESETS:
            variant.reset()
            since_reset = 0
        start = clock()
        for _ in range(inner):
            variant.step()
        end = clock()
        times.append((end - start) * 1e3 / inner)
        steps += inner
        since_reset += inner
        if end >= deadline:
            return times, steps


CHOSEN = {}


def choose(work, threads):
    """The fastest way to write this work with this many threads, and what each took (ms): its best round, as other load only adds."""
    key = json.dumps([work, threads], sort_keys=True)
    if key not in CHOSEN:
        candidates = []
        for name, make in ways(work).items():
            # Threads for elementwise work can cost more than they bring while those of the BLAS still spin.
            for elementwise in sorted({1, threads}) if work["kind"] != "matmul" else [threads]:
                label = name if elementwise == threads else f"{name}, elementwise on {elementwise} thread"
                candidates.append((label, elementwise, make()))
        found = {label: [] for label, _, _ in candidates}
        for _ in range(CALIBRATION_ROUNDS):
            for label, elementwise, variant in candidates if len(candidates) > 1 else []:
                use_threads(elementwise, threads)
                found[label].append(statistics.median(sample(variant, CALIBRATION_SECONDS)[0]))
        best_rounds = {label: min(times) for label, times in found.items() if times}
        best = min(best_rounds, key=best_rounds.get) if best_rounds else candidates[0][0]
        CHOSEN[key] = next(candidate for candidate in candidates if candidate[0] == best), best_rounds
    return CHOSEN[key]


def measure(request):
    work, threads = request["work"], request["threads"]
    (label, elementwise, variant), best_rounds = choose(work, threads)
    use_threads(elementwise, threads)
    times, steps = sample(variant, request["seconds"])
    return {
        "millisecondsPerStep": statistics.median(times),
        "steps": steps,
        "threads": threads,
        "variant": label,
        "variants": best_rounds,
    }


def verify(request):
    """What every way of writing the work computes: numbers of a result, or the loss after each step."""
    work, threads = request["verify"], request["threads"]
    use_threads(threads, threads)
    results = {}
    for name, make in ways(work).items():
        torch.manual_seed(1)
        variant = make()
        if work["kind"].endswith("-step"):
            losses = [variant.loss()]
            for _ in range(request["steps"]):
                variant.step()
                losses.append(variant.loss())
            results[name] = losses
        else:
            variant.step()
            results[name] = variant.result()
    return {"results": results, "threads": threads}


def main():
    torch.manual_seed(1)
    # Debian reports the version of the source before its release; the build paths give the release itself.
    version = torch.__version__
    release = re.search(r"pytorch-(\d+\.\d+\.\d+)", torch.__config__.show())
    if re.search(r"\da\d", version) and release:
        version = release[1]
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    details = [
        blas_description(),
        f"elementwise {cpu_capability()}",
        f"Python {sys.version.split()[0]} ({sys.executable})",
    ]
    hello = {
        "peer": "pytorch",
        "version": version,
        "maximumThreads": processors,
        "details": "; ".join(detail for detail in details if detail),
    }
    print(json.dumps(hello), file=REPLIES, flush=True)
    for line in sys.stdin:
        if not line.strip():
            continue
        try:
            request = json.loads(line)
            reply = verify(request) if "verify" in request else measure(request)
        except Exception as error:  # a request that fails must not end the others
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), file=REPLIES, flush=True)


def cpu_capability():
    found = re.search(r"CPU capability usage: (\S+)", torch.__config__.show())
    return found[1] if found else "unknown"


main()
