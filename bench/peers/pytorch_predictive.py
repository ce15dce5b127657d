"""Predictive coding on a stack of tanh units with linear outputs: by the energy's derivative, plainly, and in place."""

import torch

from pytorch_numbers import examples, glorot


class Plain:
    """
    One step: potentials x start from a feedforward pass and take `steps` steps of size `stepSize` down
    F = 1/2 sum of squared errors, e = x - (f(below) W + b), with the outputs clamped to their targets; then
    W += rate / batch * f(below)' e. The equations as written, one expression each.
    """

    def __init__(self, work, fill):
        self.work, self.fill = work, fill
        self.input, self.target = examples(work, fill)
        self.reset()

    def reset(self):
        layers = self.work["layers"]
        self.weights = glorot(self.work, self.fill)
        self.biases = [torch.zeros(units) for units in layers[1:]]

    def feedforward(self):
        """Returns the potentials of the hidden layers and the predicted outputs."""
        potentials, rate = [], self.input
        for weight, bias in zip(self.weights, self.biases):
            potentials.append(rate @ weight + bias)
            rate = torch.tanh(potentials[-1])
        return potentials[:-1], potentials[-1]

    def errors(self, potentials):
        rates = [self.input, *(torch.tanh(x) for x in potentials)]
        predictions = [r @ w + b for r, w, b in zip(rates, self.weights, self.biases)]
        return rates, [x - p for x, p in zip([*potentials, self.target], predictions)]

    @torch.no_grad()
    def step(self):
        work = self.work
        x, _ = self.feedforward()
        for _ in range(work["steps"]):
            rates, errors = self.errors(x)
            x = [
                x[i] + work["stepSize"] * (-errors[i] + (1 - rates[i + 1] ** 2) * (errors[i + 1] @ self.weights[i + 1].t()))
                for i in range(len(x))
            ]
        rates, errors = self.errors(x)
        for i, error in enumerate(errors):
            self.weights[i] += work["rate"] / work["batch"] * (rates[i].t() @ error)
            self.biases[i] += work["rate"] / work["batch"] * error.sum(0)

    @torch.no_grad()
    def loss(self):
        """Returns the mean of half the squared error of a feedforward pass."""
        return float(0.5 * ((self.feedforward()[1] - self.target) ** 2).sum() / self.work["batch"])


class InPlace(Plain):
    """The same, but the prediction of the input is computed once, and results overwrite their operands."""

    @torch.no_grad()
    def step(self):
        work, weights, biases = self.work, self.weights, self.biases
        x, output = self.feedforward()
        last = len(x)
        predictions = [potential.clone() for potential in x] + [output]
        rates = [self.input, *(torch.tanh(potential) for potential in x)]
        errors = [torch.zeros_like(potential) for potential in x] + [self.target - output]
        for _ in range(work["steps"]):
            moved = []
            for i in range(last):
                change = torch.mm(errors[i + 1], weights[i + 1].t())
                # change *= 1 - rate²: the backward pass of tanh.
                torch.ops.aten.tanh_backward(change, rates[i + 1], grad_input=change)
                moved.append(change.sub_(errors[i]))
            for i in range(last):
                x[i].add_(moved[i], alpha=work["stepSize"])
                torch.tanh(x[i], out=rates[i + 1])
            for i in range(1, last + 1):
                torch.addmm(biases[i], rates[i], weights[i], out=predictions[i])
            for i in range(last + 1):
                torch.sub(x[i] if i < last else self.target, predictions[i], out=errors[i])
        factor = work["rate"] / work["batch"]
        for i, error in enumerate(errors):
            weights[i].addmm_(rates[i].t(), error, alpha=factor)
            biases[i].add_(error.sum(0), alpha=factor)


class Energy(Plain):
    """The same with autograd: potentials and weights descend F."""

    def energy(self, potentials):
        return sum(0.5 * (error**2).sum() for error in self.errors(potentials)[1])

    def step(self):
        work = self.work
        with torch.no_grad():
            x, _ = self.feedforward()
        for _ in range(work["steps"]):
            x = [potential.detach().requires_grad_() for potential in x]
            slopes = torch.autograd.grad(self.energy(x), x)
            x = [potential - work["stepSize"] * slope for potential, slope in zip(x, slopes)]
        learned = [*self.weights, *self.biases]
        for tensor in learned:
            tensor.requires_grad_()
        slopes = torch.autograd.grad(self.energy([potential.detach() for potential in x]), learned)
        with torch.no_grad():
            for tensor, slope in zip(learned, slopes):
                tensor.requires_grad_(False).sub_(slope, alpha=work["rate"] / work["batch"])


def predictive_ways(work, fill):
    return {
        "energy's derivative": lambda: Energy(work, fill),
        "plainly": lambda: Plain(work, fill),
        "in place": lambda: InPlace(work, fill),
    }
