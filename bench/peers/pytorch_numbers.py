"""What the ways of PyTorch that settle or infer begin from: the same numbers in every peer."""

import math

import torch
import torch.nn.functional as F


def examples(work, fill):
    """(batch, inputs), uniform in [0, 1), and (batch, classes), one at each row's class."""
    batch, layers = work["batch"], work["layers"]
    return fill(batch, layers[0], offset=0.0), F.one_hot(torch.arange(batch) % layers[-1], layers[-1]).float()


def glorot(work, fill):
    """(in, out) for each layer, uniform with the variance 2 / (in + out)."""
    layers = work["layers"]
    return [fill(i, o, math.sqrt(24 / (i + o))) for i, o in zip(layers, layers[1:])]
