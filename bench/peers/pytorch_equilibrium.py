"""Equilibrium propagation on a stack of hard sigmoids: by the derivative of the energy, and by hand."""

import math

import torch

RATE = 0.05


class Settling:
    """
    By hand. One step: `free` steps of the free phase from the particles, `nudged` steps with the outputs pulled by nudge * (target -
    output), then W += rate / (nudge * batch) * (difference of the products). States are bounded to [0, 1]; what the input
    sends is computed once.
    """

    def __init__(self, work, fill):
        self.work, self.fill = work, fill
        layers, batch = work["layers"], work["batch"]
        self.input = fill(batch, layers[0], offset=0.0)
        self.target = torch.zeros(batch, layers[-1])
        for row in range(batch):
            self.target[row, row % layers[-1]] = 1
        self.reset()

    def reset(self):
        layers, batch = self.work["layers"], self.work["batch"]
        self.weights = [
            self.fill(rows, columns, math.sqrt(24 / (rows + columns)))
            for rows, columns in zip(layers, layers[1:])
        ]
        self.thresholds = [torch.zeros(units) for units in layers[1:]]
        self.states = [torch.zeros(batch, units) for units in layers[1:]]

    def relax(self, states, drive, steps, nudge):
        size, weights = self.work["stepSize"], self.weights
        for _ in range(steps):
            moved = []
            for layer, state in enumerate(states):
                if layer == 0:
                    received = drive.clone()
                else:
                    received = torch.addmm(self.thresholds[layer], states[layer - 1], weights[layer])
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
        drive = torch.addmm(self.thresholds[0], self.input, self.weights[0])
        free = self.relax(self.states, drive, work["freeSteps"], 0)
        nudged = self.relax(free, drive, work["nudgedSteps"], work["nudge"])
        factor = RATE / (work["nudge"] * work["batch"])
        self.weights[0].addmm_(self.input.t(), nudged[0] - free[0], alpha=factor)
        for layer in range(1, len(free)):
            self.weights[layer].addmm_(nudged[layer - 1].t(), nudged[layer], alpha=factor)
            self.weights[layer].addmm_(free[layer - 1].t(), free[layer], alpha=-factor)
        for layer, threshold in enumerate(self.thresholds):
            threshold.add_((nudged[layer] - free[layer]).sum(0), alpha=factor)
        self.states = free

    def loss(self):
        """Mean of half the squared error at the end of the free phase of the last step."""
        return float(0.5 * ((self.states[-1] - self.target) ** 2).sum() / self.work["batch"])



class Energy(Settling):
    """The same by autograd: states go down the derivative of the energy, weights down that of its difference."""

    def energy(self, states, nudge):
        rates = [state.clamp(0, 1) for state in states]
        energy = sum(0.5 * (state**2).sum() for state in states)
        for below, weight, threshold, rate in zip([self.input, *rates], self.weights, self.thresholds, rates):
            energy = energy - ((below @ weight + threshold) * rate).sum()
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
        learned = [*self.weights, *self.thresholds]
        for tensor in learned:
            tensor.requires_grad_()
        difference = (self.energy(nudged, 0) - self.energy(free, 0)) / (work["nudge"] * work["batch"])
        slopes = torch.autograd.grad(difference, learned)
        with torch.no_grad():
            for tensor, slope in zip(learned, slopes):
                tensor.requires_grad_(False).sub_(slope, alpha=RATE)
        self.states = free


def equilibrium_ways(work, fill):
    every = {
        "autograd of the energy": lambda: Energy(work, fill),
        "by hand, in place": lambda: Settling(work, fill),
    }
    wanted = work.get("written", "")
    return {name: make for name, make in every.items() if wanted in name}
