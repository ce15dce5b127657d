"""The initial numbers of the works that settle or infer, the same in every peer."""

import math

import torch
import torch.nn.functional as F


def examples(work, fill):
    """Returns inputs (batch, inputs), uniform in [0, 1), and one-hot targets (batch, classes)."""
    batch, layers = work["batch"], work["layers"]
    return fill(batch, layers[0], offset=0.0), F.one_hot(torch.arange(batch) % layers[-1], layers[-1]).float()


def glorot(work, fill):
    """Returns weights (in, out) for each layer, uniform with variance 2 / (in + out)."""
    layers = work["layers"]
    return [fill(i, o, math.sqrt(24 / (i + o))) for i, o in zip(layers, layers[1:])]
