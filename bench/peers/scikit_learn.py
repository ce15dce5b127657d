"""scikit-learn as a peer of `apical bench`: see protocol.py. It is measured on single steps of BernoulliRBM."""

import math
import sys

import numpy
import sklearn
from sklearn.neural_network import BernoulliRBM

sys.dont_write_bytecode = True
from draws import GivenDraws  # noqa: E402
from protocol import Peer, loaded_openblas, openblas_description, openblas_threads  # noqa: E402

OPENBLAS = loaded_openblas()


class GivenUniform(GivenDraws):
    """Replaces the RandomState of NumPy, of which BernoulliRBM uses only this method."""

    def uniform(self, size):
        return numpy.reshape(self.next(), size)


def fill(rows, columns, scale=1.0, offset=-0.5):
    """Returns the same numbers as in pytorch_ways.py."""
    fractions = numpy.arange(rows * columns, dtype=numpy.uint64) * 2654435761 % 4294967296 / 4294967296
    return ((fractions + offset) * scale).astype(numpy.float32).reshape(rows, columns)


class Machine:
    """
    Persistent contrastive divergence, the only algorithm of BernoulliRBM: `partial_fit` on a batch, which is always in
    float64, or the inner step of `fit`, in float32.
    """

    def __init__(self, work, dtype):
        self.work, self.dtype = work, dtype
        self.data = fill(work["batch"], work["layers"][0], offset=0.0).astype(dtype)
        self.reset()

    def reset(self):
        visible, hidden = self.work["layers"]
        batch = self.work["batch"]
        machine = BernoulliRBM(hidden, learning_rate=self.work["rate"], batch_size=batch, n_iter=1, random_state=1)
        self.machine = machine.fit(self.data)
        machine.components_ = numpy.asarray(
            fill(visible, hidden, math.sqrt(24 / (visible + hidden))).T, dtype=self.dtype, order="F"
        )
        machine.intercept_hidden_ = numpy.zeros(hidden, self.dtype)
        machine.intercept_visible_ = numpy.zeros(visible, self.dtype)
        machine.h_samples_ = numpy.zeros((batch, hidden), self.dtype)
        machine.random_state_ = GivenUniform(self.work) if "draws" in self.work else numpy.random.RandomState(1)

    def step(self):
        if self.dtype == numpy.float64:
            self.machine.partial_fit(self.data)
        else:
            self.machine._fit(self.data, self.machine.random_state_)

    def loss(self):
        """Returns the mean squared reconstruction error of the data, by probabilities."""
        machine, data = self.machine, self.data.astype(numpy.float64)
        sigmoid = lambda x: 1 / (1 + numpy.exp(-x))
        hidden = sigmoid(data @ machine.components_.T + machine.intercept_hidden_)
        made = sigmoid(hidden @ machine.components_ + machine.intercept_visible_)
        return float(((data - made) ** 2).sum() / len(data))


def ways(work):
    if work["kind"] != "contrastive-step" or not work["persistent"]:
        raise ValueError("scikit-learn is measured on contrastive divergence with persistent chains only")
    return {
        "partial_fit, float64": lambda: Machine(work, numpy.float64),
        "a batch of fit, float32": lambda: Machine(work, numpy.float32),
    }


description = openblas_description(OPENBLAS[0]) if OPENBLAS else "BLAS of NumPy"
Peer(
    ways,
    lambda _, product: openblas_threads(OPENBLAS, product),
    lambda: None,
    threads_elementwise=False,
).serve("scikit-learn", sklearn.__version__, [description])
