"""Contrastive divergence on a restricted Boltzmann machine, one step of Gibbs sampling: plainly, and in place."""

import math

import torch

from draws import Given


class Plain:
    """
    One step: probabilities h of the hidden units at the data v; what they draw makes v' = probabilities of the visible ones,
    and these make h'; then W += rate / batch * (v h - v' h'). With `persistent` chains sampling goes on from the hidden units
    drawn in the last step, silent at first, and v' is drawn too.
    """

    def __init__(self, work, fill):
        self.work, self.fill = work, fill
        self.data = fill(work["batch"], work["layers"][0], offset=0.0)
        self.given = Given(work) if "draws" in work else None
        self.reset()

    def reset(self):
        visible, hidden = self.work["layers"]
        self.weights = self.fill(visible, hidden, math.sqrt(24 / (visible + hidden)))
        self.hidden_thresholds, self.visible_thresholds = torch.zeros(hidden), torch.zeros(visible)
        self.chains = torch.zeros(self.work["batch"], hidden)

    def draw(self, probabilities):
        if self.given is None:
            return torch.bernoulli(probabilities)
        return (torch.tensor(self.given.next()).reshape(probabilities.shape) < probabilities).float()

    def up(self, visible):
        return torch.sigmoid(visible @ self.weights + self.hidden_thresholds)

    def down(self, hidden):
        return torch.sigmoid(hidden @ self.weights.t() + self.visible_thresholds)

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
        self.hidden_thresholds += factor * (hidden - hidden_made).sum(0)
        self.visible_thresholds += factor * (self.data - visible_made).sum(0)
        if self.work["persistent"]:
            self.chains = self.draw(hidden_made)

    def loss(self):
        """Mean squared distance of the data from what is made of them by probabilities."""
        return float(((self.data - self.down(self.up(self.data))) ** 2).sum() / len(self.data))


class InPlace(Plain):
    """The same without allocation: results go where their operands were, products are added to the weights."""

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
        torch.addmm(self.hidden_thresholds, self.data, weights, out=self.hidden).sigmoid_()
        start = self.chains if persistent else self.draw_into(self.hidden_drawn, self.hidden)
        visible_made = torch.addmm(self.visible_thresholds, start, weights.t(), out=self.visible_made).sigmoid_()
        if persistent:
            visible_made = self.draw_into(self.visible_drawn, visible_made)
        torch.addmm(self.hidden_thresholds, visible_made, weights, out=self.hidden_made).sigmoid_()
        factor = self.work["rate"] / len(self.data)
        weights.addmm_(self.data.t(), self.hidden, alpha=factor)
        weights.addmm_(visible_made.t(), self.hidden_made, alpha=-factor)
        self.hidden_thresholds.add_(self.hidden.sum(0).sub_(self.hidden_made.sum(0)), alpha=factor)
        self.visible_thresholds.add_(self.data.sum(0).sub_(visible_made.sum(0)), alpha=factor)
        if persistent:
            self.draw_into(self.chains, self.hidden_made)


def contrastive_ways(work, fill):
    return {"plainly": lambda: Plain(work, fill), "in place": lambda: InPlace(work, fill)}
