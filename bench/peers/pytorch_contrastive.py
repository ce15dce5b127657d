"""Contrastive divergence with one Gibbs step on a restricted Boltzmann machine: plainly, and in place."""

import math

import torch

from draws import GivenDraws


class Plain:
    """
    One step: the hidden probabilities h given the data v; the visible probabilities v' given hidden samples; the hidden
    probabilities h' given v'; then W += rate / batch * (v h - v' h'). With `persistent` chains, sampling continues from the
    hidden samples of the last step, which are 0 at first, and v' is sampled as well.
    """

    def __init__(self, work, fill):
        self.work, self.fill = work, fill
        self.data = fill(work["batch"], work["layers"][0], offset=0.0)
        self.given = GivenDraws(work) if "draws" in work else None
        self.reset()

    def reset(self):
        visible, hidden = self.work["layers"]
        self.weights = self.fill(visible, hidden, math.sqrt(24 / (visible + hidden)))
        self.hidden_biases, self.visible_biases = torch.zeros(hidden), torch.zeros(visible)
        self.chains = torch.zeros(self.work["batch"], hidden)

    def draw(self, probabilities):
        if self.given is None:
            return torch.bernoulli(probabilities)
        return (torch.tensor(self.given.next()).reshape(probabilities.shape) < probabilities).float()

    def up(self, visible):
        return torch.sigmoid(visible @ self.weights + self.hidden_biases)

    def down(self, hidden):
        return torch.sigmoid(hidden @ self.weights.t() + self.visible_biases)

    @torch.no_grad()
    def step(self):
        hidden = self.up(self.data)
        if self.work["persistent"]:
            visible_made = self.draw(self.down(self.chains))
        else:
            visible_made = self.down(self.draw(hidden))
        hidden_made = self.up(visible_made)
        factor = self.work["rate"] / len(self.data)
        self.weights += factor * (self.data.t() @ hidden - visible_made.t() @ hidden_made)
        self.hidden_biases += factor * (hidden - hidden_made).sum(0)
        self.visible_biases += factor * (self.data - visible_made).sum(0)
        if self.work["persistent"]:
            self.chains = self.draw(hidden_made)

    def loss(self):
        """Returns the mean squared reconstruction error of the data, by probabilities."""
        return float(((self.data - self.down(self.up(self.data))) ** 2).sum() / len(self.data))


class InPlace(Plain):
    """The same without allocation: results overwrite their operands, and products are added to the weights."""

    def __init__(self, work, fill):
        batch, (visible, hidden) = work["batch"], work["layers"]
        self.hidden, self.hidden_made, self.hidden_drawn = (torch.empty(batch, hidden) for _ in range(3))
        self.visible_made, self.visible_drawn = (torch.empty(batch, visible) for _ in range(2))
        super().__init__(work, fill)

    def draw_into(self, out, probabilities):
        if self.given is not None:
            return out.copy_(self.draw(probabilities))
        return torch.bernoulli(probabilities, out=out)

    @torch.no_grad()
    def step(self):
        weights, persistent = self.weights, self.work["persistent"]
        torch.addmm(self.hidden_biases, self.data, weights, out=self.hidden).sigmoid_()
        start = self.chains if persistent else self.draw_into(self.hidden_drawn, self.hidden)
        visible_made = torch.addmm(self.visible_biases, start, weights.t(), out=self.visible_made).sigmoid_()
        if persistent:
            visible_made = self.draw_into(self.visible_drawn, visible_made)
        torch.addmm(self.hidden_biases, visible_made, weights, out=self.hidden_made).sigmoid_()
        factor = self.work["rate"] / len(self.data)
        weights.addmm_(self.data.t(), self.hidden, alpha=factor)
        weights.addmm_(visible_made.t(), self.hidden_made, alpha=-factor)
        self.hidden_biases.add_(self.hidden.sum(0).sub_(self.hidden_made.sum(0)), alpha=factor)
        self.visible_biases.add_(self.data.sum(0).sub_(visible_made.sum(0)), alpha=factor)
        if persistent:
            self.draw_into(self.chains, self.hidden_made)


def contrastive_ways(work, fill):
    return {"plainly": lambda: Plain(work, fill), "in place": lambda: InPlace(work, fill)}
