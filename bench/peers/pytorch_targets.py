"""Difference target propagation on a stack of tanh units with a softmax: by autograd, plainly, and in place."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from draws import GivenDraws


class Plain:
    """
    One step: h = tanh(below W + b). The target of the last hidden layer is h - size * dL/dh for the cross-entropy L of an
    example; the targets below are h - g(h above) + g(target above) with inverses g(h) = tanh(h V + c). Then W += rate /
    (size * batch) * below' ((target - h) * slope). Inverses descend 1/2 ||g(f(h + noise)) - (h + noise)||^2. The equations
    as written.
    """

    def __init__(self, work, fill):
        self.work, self.fill = work, fill
        layers, batch = work["layers"], work["batch"]
        self.input, self.labels = fill(batch, layers[0], offset=0.0), torch.arange(batch) % layers[-1]
        self.one_hot = F.one_hot(self.labels, layers[-1]).float()
        self.given = GivenDraws(work) if "draws" in work else None
        self.reset()

    def initial(self):
        """Returns the forward weights, and the inverse weights between hidden layers."""
        layers = self.work["layers"]
        draw = lambda rows, columns: self.fill(rows, columns, math.sqrt(24 / (rows + columns)))
        up = [draw(rows, columns) for rows, columns in zip(layers, layers[1:])]
        return up, [draw(above, below) for below, above in zip(layers[1:], layers[2:-1])]

    def reset(self):
        layers = self.work["layers"]
        self.weights, self.inverses = self.initial()
        self.biases = [torch.zeros(units) for units in layers[1:]]
        self.inverse_biases = [torch.zeros(units) for units in layers[1:-2]]

    def noise(self, like):
        if self.given is None:
            return self.work["noise"] * torch.randn_like(like)
        return torch.tensor(self.given.next()).reshape(like.shape)

    def up(self, layer, below):
        return torch.tanh(below @ self.weights[layer] + self.biases[layer])

    def down(self, layer, above):
        """Returns the reconstruction of hidden layer `layer` by the inverse of the layer above."""
        return torch.tanh(above @ self.inverses[layer] + self.inverse_biases[layer])

    def signals(self):
        """Returns the activities of the input and the hidden layers, and the potentials of the outputs."""
        signals = [self.input]
        for layer in range(len(self.weights) - 1):
            signals.append(self.up(layer, signals[-1]))
        return signals, signals[-1] @ self.weights[-1] + self.biases[-1]

    @torch.no_grad()
    def step(self):
        batch, size, rate = (self.work[name] for name in ("batch", "targetStep", "rate"))
        signals, output = self.signals()
        hidden = signals[1:]
        changes = []
        for i in range(len(self.inverses)):
            noisy = hidden[i] + self.noise(hidden[i])
            above = self.up(i + 1, noisy)
            made = self.down(i, above)
            error = (made - noisy) * (1 - made**2)
            changes.append((above.t() @ error, error.sum(0)))
        error = torch.softmax(output, 1) - self.one_hot
        targets = [hidden[-1] - size * (error @ self.weights[-1].t())]
        for i in reversed(range(len(self.inverses))):
            targets.insert(0, hidden[i] - self.down(i, hidden[i + 1]) + self.down(i, targets[0]))
        self.weights[-1] -= rate / batch * (hidden[-1].t() @ error)
        self.biases[-1] -= rate / batch * error.sum(0)
        for i, (h, target) in enumerate(zip(hidden, targets)):
            post = (h - target) * (1 - h**2)
            self.weights[i] -= rate / (size * batch) * (signals[i].t() @ post)
            self.biases[i] -= rate / (size * batch) * post.sum(0)
        for i, (weights, biases) in enumerate(changes):
            self.inverses[i] -= rate / batch * weights
            self.inverse_biases[i] -= rate / batch * biases

    @torch.no_grad()
    def loss(self):
        return float(F.cross_entropy(self.signals()[1], self.labels))


class InPlace(Plain):
    """The same, but results overwrite their operands, and products are added to the weights."""

    def up(self, layer, below):
        return torch.addmm(self.biases[layer], below, self.weights[layer]).tanh_()

    def down(self, layer, above):
        return torch.addmm(self.inverse_biases[layer], above, self.inverses[layer]).tanh_()

    def noise(self, like):
        if self.given is None:
            return torch.empty_like(like).normal_(0, self.work["noise"])
        return super().noise(like)

    @torch.no_grad()
    def step(self):
        batch, size, rate = (self.work[name] for name in ("batch", "targetStep", "rate"))
        signals, output = self.signals()
        hidden = signals[1:]
        inversions = []
        for i in range(len(self.inverses)):
            noisy = self.noise(hidden[i]).add_(hidden[i])
            above = self.up(i + 1, noisy)
            made = self.down(i, above)
            error = noisy.neg_().add_(made)
            torch.ops.aten.tanh_backward(error, made, grad_input=error)
            inversions.append((above, error))
        error = torch.softmax(output, 1).sub_(self.one_hot)
        targets = [torch.addmm(hidden[-1], error, self.weights[-1].t(), alpha=-size)]
        for i in reversed(range(len(self.inverses))):
            targets.insert(0, self.down(i, targets[0]).sub_(self.down(i, hidden[i + 1])).add_(hidden[i]))
        self.weights[-1].addmm_(hidden[-1].t(), error, alpha=-rate / batch)
        self.biases[-1].sub_(error.sum(0), alpha=rate / batch)
        for i, (h, target) in enumerate(zip(hidden, targets)):
            post = torch.sub(h, target, out=target)
            torch.ops.aten.tanh_backward(post, h, grad_input=post)
            self.weights[i].addmm_(signals[i].t(), post, alpha=-rate / (size * batch))
            self.biases[i].sub_(post.sum(0), alpha=rate / (size * batch))
        for i, (above, error) in enumerate(inversions):
            self.inverses[i].addmm_(above.t(), error, alpha=-rate / batch)
            self.inverse_biases[i].sub_(error.sum(0), alpha=rate / batch)


class Autograd(Plain):
    """nn.Linear in both directions, a loss for every layer, one backward() for all, torch.optim.SGD."""

    def reset(self):
        layers = self.work["layers"]
        up, down = self.initial()
        self.layers = [nn.Linear(i, o) for i, o in zip(layers, layers[1:])]
        self.inverses = [nn.Linear(o, i) for i, o in zip(layers[1:], layers[2:-1])]
        linears = [*self.layers, *self.inverses]
        with torch.no_grad():
            for linear, weight in zip(linears, [*up, *down]):
                linear.weight.copy_(weight.t())
                linear.bias.zero_()
        parameters = [parameter for linear in linears for parameter in linear.parameters()]
        self.optimiser = torch.optim.SGD(parameters, lr=self.work["rate"])

    def up(self, layer, below):
        return torch.tanh(self.layers[layer](below))

    def down(self, layer, above):
        return torch.tanh(self.inverses[layer](above))

    def signals(self):
        signals = [self.input]
        for layer in range(len(self.layers) - 1):
            signals.append(self.up(layer, signals[-1].detach()))
        top = signals[-1].detach().requires_grad_()
        return [*signals, top], self.layers[-1](top)

    def step(self):
        batch, size = self.work["batch"], self.work["targetStep"]
        self.optimiser.zero_grad(set_to_none=True)
        (_, *hidden, top), output = self.signals()
        F.cross_entropy(output, self.labels).backward()
        loss = 0
        with torch.no_grad():
            targets = [hidden[-1] - size * batch * top.grad]
            for i in reversed(range(len(self.inverses))):
                targets.insert(0, hidden[i] - self.down(i, hidden[i + 1]) + self.down(i, targets[0]))
            noisy = [h + self.noise(h) for h in hidden[:-1]]
            above = [self.up(i + 1, activity) for i, activity in enumerate(noisy)]
        for h, target in zip(hidden, targets):
            loss = loss + 0.5 / (size * batch) * ((h - target) ** 2).sum()
        for i in range(len(self.inverses)):
            loss = loss + 0.5 / batch * ((self.down(i, above[i]) - noisy[i]) ** 2).sum()
        loss.backward()
        self.optimiser.step()


def target_ways(work, fill):
    return {
        "autograd": lambda: Autograd(work, fill),
        "plainly": lambda: Plain(work, fill),
        "in place": lambda: InPlace(work, fill),
    }
