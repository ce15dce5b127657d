"""The protocol of the peers in Python: JSON lines in and out (protocol.mjs describes the messages).

Every work is written in the ways in which a competent user would write it. At the first request for a work, all ways are
tried in turn and the fastest is measured; the reply names it.
"""

import ctypes
import json
import math
import os
import re
import statistics
import sys
import time

# stdout is reserved for replies; output of libraries goes to stderr.
REPLIES = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

# The state is reset after this many steps (untimed). Otherwise the momentum of silent units would decay to subnormal
# numbers, whose slowness has nothing to do with the tool.
STEPS_BETWEEN_RESETS = 256
SHORTEST_TIMED_SECONDS = 2e-4
CALIBRATION_ROUNDS = 5
CALIBRATION_SECONDS = 0.05


# --- threads of the BLAS --------------------------------------------------------------------------------------


def loaded_openblas():
    """Returns the OpenBLAS libraries in this process, because the thread setting of a tool may not reach them."""
    try:
        with open("/proc/self/maps") as maps:
            paths = {line.split()[-1] for line in maps if re.search(r"openblas[^/]*\.so", line)}
    except OSError:
        return []
    libraries = [ctypes.CDLL(path) for path in sorted(paths)]
    return [library for library in libraries if hasattr(library, "openblas_set_num_threads")]


def openblas_threads(libraries, threads):
    for library in libraries:
        library.openblas_set_num_threads(threads)


def openblas_description(library):
    config = library.openblas_get_config
    config.restype = ctypes.c_char_p
    threading = {0: "sequential", 1: "pthreads", 2: "OpenMP"}.get(library.openblas_get_parallel(), "")
    match = re.match(r"OpenBLAS (\S+).*?(\S+) MAX_THREADS", config().decode())
    name = f"OpenBLAS {match[1]} ({match[2]} kernels)" if match else "OpenBLAS"
    return f"{name}, {threading}"


# --- measuring ------------------------------------------------------------------------------------------------


def sample(variant, seconds):
    """Returns the milliseconds per step of each timed repetition, and the number of steps."""
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


class Peer:
    """
    A tool to be measured. `ways(work)` returns a constructor for each way to write a work, by name;
    `use_threads(elementwise, product)` sets the numbers of threads; `seed()` resets the random numbers.
    """

    def __init__(self, ways, use_threads, seed, threads_elementwise=True):
        self.ways, self.use_threads, self.seed = ways, use_threads, seed
        self.threads_elementwise = threads_elementwise
        self.chosen = {}

    def choose(self, work, threads):
        """
        Chooses the fastest way to write a work with this number of threads, by its best round, because other load can only
        slow a round. Returns it with the best milliseconds of each way.
        """
        key = json.dumps([work, threads], sort_keys=True)
        if key not in self.chosen:
            candidates = []
            for name, make in self.ways(work).items():
                # Threads for elementwise work can cost more than they gain while those of the BLAS still spin.
                separate = self.threads_elementwise and work["kind"] != "matmul"
                for elementwise in sorted({1, threads}) if separate else [threads]:
                    label = name if elementwise == threads else f"{name}, elementwise on {elementwise} thread"
                    candidates.append((label, elementwise, make()))
            rounds = {label: [] for label, _, _ in candidates}
            for _ in range(CALIBRATION_ROUNDS):
                for label, elementwise, variant in candidates if len(candidates) > 1 else []:
                    self.use_threads(elementwise, threads)
                    rounds[label].append(statistics.median(sample(variant, CALIBRATION_SECONDS)[0]))
            best_rounds = {label: min(times) for label, times in rounds.items() if times}
            best = min(best_rounds, key=best_rounds.get) if best_rounds else candidates[0][0]
            self.chosen[key] = next(candidate for candidate in candidates if candidate[0] == best), best_rounds
        return self.chosen[key]

    def measure(self, request):
        work, threads = request["work"], request["threads"]
        (label, elementwise, variant), best_rounds = self.choose(work, threads)
        self.use_threads(elementwise, threads)
        times, steps = sample(variant, request["seconds"])
        return {
            "millisecondsPerStep": statistics.median(times),
            "steps": steps,
            "threads": threads,
            "variant": label,
            "variants": best_rounds,
        }

    def verify(self, request):
        """Returns the result of every way to write a work: its numbers, or the loss after each step."""
        work, threads = request["verify"], request["threads"]
        self.use_threads(threads, threads)
        results = {}
        for name, make in self.ways(work).items():
            self.seed()
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

    def serve(self, name, version, details):
        """Sends the first message, then answers requests until stdin ends."""
        self.seed()
        processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        details = [*details, f"Python {sys.version.split()[0]} ({sys.executable})"]
        hello = {
            "peer": name,
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
                reply = self.verify(request) if "verify" in request else self.measure(request)
            except Exception as error:  # A failed request must not prevent the next.
                reply = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(reply), file=REPLIES, flush=True)
