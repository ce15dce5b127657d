"""A step of LeNet as a competent user of PyTorch would write it: two convolutions with pooling and three dense layers."""

import math

import torch
import torch.nn.functional as F
from torch import nn

LEARNING_RATE = 0.01
# Inputs per kernel or unit, and number of kernels or units: the order of the weights in every tool.
SIZES = [(25, 6), (150, 16), (400, 120), (120, 84), (84, 10)]


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.ReLU(inplace=True),
        nn.Linear(120, 84),
        nn.ReLU(inplace=True),
        nn.Linear(84, 10),
    )


class Lenet:
    """nn.Sequential, cross-entropy, backward(), torch.optim.SGD."""

    def __init__(self, work, fill, memory_format, foreach=False, script=False):
        batch = work["batch"]
        self.fill, self.momentum, self.foreach = fill, work["momentum"], foreach
        self.x = fill(batch, 784, offset=0.0).reshape(batch, 1, 28, 28).contiguous(memory_format=memory_format)
        self.targets = torch.arange(batch) % 10
        self.module = lenet().to(memory_format=memory_format)
        self.model = torch.jit.script(self.module) if script else self.module
        self.reset()

    def reset(self):
        layers = [module for module in self.module if hasattr(module, "weight")]
        with torch.no_grad():
            for layer, (i, o) in zip(layers, SIZES):
                layer.weight.copy_(self.fill(i, o, math.sqrt(24 / i)).t().reshape(layer.weight.shape))
                layer.bias.zero_()
        self.optimiser = torch.optim.SGD(
            self.module.parameters(), lr=LEARNING_RATE, momentum=self.momentum, foreach=self.foreach
        )

    def step(self):
        self.optimiser.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.model(self.x), self.targets)
        loss.backward()
        self.optimiser.step()

    def loss(self):
        with torch.no_grad():
            return F.cross_entropy(self.module(self.x), self.targets).item()


def lenet_ways(work, fill):
    plain, last = torch.contiguous_format, torch.channels_last
    return {
        "autograd": lambda: Lenet(work, fill, plain),
        "autograd, channels last": lambda: Lenet(work, fill, last),
        "autograd, channels last, foreach": lambda: Lenet(work, fill, last, foreach=True),
        "autograd, channels last, torch.jit.script": lambda: Lenet(work, fill, last, script=True),
    }
