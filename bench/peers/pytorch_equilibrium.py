"""Equilibrium propagation on a stack of hard sigmoids: by the energy's derivative, plainly, and in place."""

import torch

from pytorch_numbers import examples, glorot

RATE = 0.05


class InPlace:
    """
    One step: `freeSteps` steps of the free phase from the particles, `nudgedSteps` steps with the outputs pulled by nudge *
    (target - output), then W += rate / (nudge * batch) * (difference of the products). States are bounded to [0, 1], where
    the slope of their rates is 1. The drive of the input is computed once, and results overwrite their operands.
    """

    def __init__(self, work, fill):
        self.work, self.fill = work, fill
        self.input, self.target = examples(work, fill)
        self.reset()

    def reset(self):
        layers, batch = self.work["layers"], self.work["batch"]
        self.weights = glorot(self.work, self.fill)
        self.biases = [torch.zeros(units) for units in layers[1:]]
        self.states = [torch.zeros(batch, units) for units in layers[1:]]

    def relax(self, states, drive, steps, nudge):
        size, weights = self.work["stepSize"], self.weights
        for _ in range(steps):
            moved = []
            for layer, state in enumerate(states):
                if layer == 0:
                    received = drive.clone()
                else:
                    received = torch.addmm(self.biases[layer], states[layer - 1], weights[layer])
                if layer + 1 < len(states):
                    received.addmm_(states[layer + 1], weights[layer + 1].t())
                elif nudge != 0:
                    received.add_(self.target - state, alpha=nudge)
                moved.append(received.sub_(state).mul_(size).add_(state).clamp_(0, 1))
            states = moved
        return states

    @torch.no_grad()
    def step(self):
        work = self.work
        drive = torch.addmm(self.biases[0], self.input, self.weights[0])
        free = self.relax(self.states, drive, work["freeSteps"], 0)
        nudged = self.relax(free, drive, work["nudgedSteps"], work["nudge"])
        factor = RATE / (work["nudge"] * work["batch"])
        self.weights[0].addmm_(self.input.t(), nudged[0] - free[0], alpha=factor)
        for layer in range(1, len(free)):
            self.weights[layer].addmm_(nudged[layer - 1].t(), nudged[layer], alpha=factor)
            self.weights[layer].addmm_(free[layer - 1].t(), free[layer], alpha=-factor)
        for layer, bias in enumerate(self.biases):
            bias.add_((nudged[layer] - free[layer]).sum(0), alpha=factor)
        self.states = free

    def loss(self):
        """Returns the mean of half the squared error at the end of the free phase of the last step."""
        return float(0.5 * ((self.states[-1] - self.target) ** 2).sum() / self.work["batch"])


class Plain(InPlace):
    """The equations as written, one expression each; the drive of the input is computed in every step."""

    def relax(self, states, steps, nudge):
        size, weights, biases = self.work["stepSize"], self.weights, self.biases
        for _ in range(steps):
            below = [self.input, *states]
            received = [below[i] @ weights[i] + biases[i] for i in range(len(states))]
            for i in range(len(states) - 1):
                received[i] = received[i] + states[i + 1] @ weights[i + 1].t()
            if nudge != 0:
                received[-1] = received[-1] + nudge * (self.target - states[-1])
            states = [(s + size * (r - s)).clamp(0, 1) for s, r in zip(states, received)]
        return states

    @torch.no_grad()
    def step(self):
        work = self.work
        free = self.relax(self.states, work["freeSteps"], 0)
        nudged = self.relax(free, work["nudgedSteps"], work["nudge"])
        factor = RATE / (work["nudge"] * work["batch"])
        before, after = [self.input, *free], [self.input, *nudged]
        for i in range(len(free)):
            self.weights[i] += factor * (after[i].t() @ after[i + 1] - before[i].t() @ before[i + 1])
            self.biases[i] += factor * (after[i + 1] - before[i + 1]).sum(0)
        self.states = free


class Energy(InPlace):
    """The same with autograd: states descend the energy, and weights descend the difference of energies."""

    def energy(self, states, nudge):
        rates = [state.clamp(0, 1) for state in states]
        energy = sum(0.5 * (state**2).sum() for state in states)
        for below, weight, bias, rate in zip([self.input, *rates], self.weights, self.biases, rates):
            energy = energy - ((below @ weight + bias) * rate).sum()
        if nudge != 0:
            energy = energy + nudge * 0.5 * ((rates[-1] - self.target) ** 2).sum()
        return energy

    def relax(self, states, drive, steps, nudge):
        with torch.enable_grad():
            for _ in range(steps):
                states = [state.detach().requires_grad_() for state in states]
                slopes = torch.autograd.grad(self.energy(states, nudge), states)
                states = [(s - self.work["stepSize"] * g).clamp(0, 1) for s, g in zip(states, slopes)]
        return [state.detach() for state in states]

    def step(self):
        work = self.work
        free = self.relax(self.states, None, work["freeSteps"], 0)
        nudged = self.relax(free, None, work["nudgedSteps"], work["nudge"])
        learned = [*self.weights, *self.biases]
        for tensor in learned:
            tensor.requires_grad_()
        difference = (self.energy(nudged, 0) - self.energy(free, 0)) / (work["nudge"] * work["batch"])
        slopes = torch.autograd.grad(difference, learned)
        with torch.no_grad():
            for tensor, slope in zip(learned, slopes):
                tensor.requires_grad_(False).sub_(slope, alpha=RATE)
        self.states = free


def equilibrium_ways(work, fill):
    return {
        "energy's derivative": lambda: Energy(work, fill),
        "plainly": lambda: Plain(work, fill),
        "in place": lambda: InPlace(work, fill),
    }
