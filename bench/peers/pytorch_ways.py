"""The works of `apical bench` as a competent user of PyTorch would write them.

A way has reset() and step(), and result() or loss(). Inputs and weights are the same in every peer.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from pytorch_contrastive import contrastive_ways
from pytorch_equilibrium import equilibrium_ways
from pytorch_lenet import lenet_ways
from pytorch_predictive import predictive_ways
from pytorch_targets import target_ways

LEARNING_RATE = 0.01


# --- inputs, the same in every peer -------------------------------------------------------------------------------


def fill(rows, columns, scale=1.0, offset=-0.5):
    """Returns (rows, columns), row-major: element i is scale × (frac(i × 2654435761 / 2³²) + offset)."""
    index = torch.arange(rows * columns, dtype=torch.int64)
    fractions = (index * 2654435761 % 4294967296).double() / 4294967296
    return ((fractions + offset) * scale).float().reshape(rows, columns)


def mlp_inputs(work):
    batch, layers = work["batch"], work["layers"]
    return fill(batch, layers[0], offset=0.0), torch.arange(batch) % layers[-1]


def mlp_weights(layers):
    """Returns weights (in, out) for each layer, uniform with variance 2 / in."""
    return [fill(i, o, math.sqrt(24 / i)) for i, o in zip(layers, layers[1:])]


# --- the ways to write each work: name -> (reset, step, result) ---------------------------------------------------


class Matmul:
    def __init__(self, work):
        m, k, n = work["m"], work["k"], work["n"]
        self.a = fill(k, m).t() if work.get("transposeA") else fill(m, k)
        self.b = fill(n, k).t() if work.get("transposeB") else fill(k, n)
        self.out = torch.empty(m, n)

    def reset(self):
        pass

    def step(self):
        torch.mm(self.a, self.b, out=self.out)

    def result(self):
        return self.out.flatten().tolist()


class Network(nn.Module):
    def __init__(self, layers, input_dropout, dropout):
        super().__init__()
        modules = [nn.Dropout(input_dropout)] if input_dropout else []
        for index, (i, o) in enumerate(zip(layers, layers[1:])):
            modules.append(nn.Linear(i, o))
            if index < len(layers) - 2:
                modules.append(nn.ReLU(inplace=True))
                if dropout:
                    modules.append(nn.Dropout(dropout))
        self.stack = nn.Sequential(*modules)

    def forward(self, x):
        return self.stack(x)


class Autograd:
    """nn.Sequential, cross-entropy, backward(), torch.optim.SGD."""

    def __init__(self, work, foreach, script):
        self.x, self.targets = mlp_inputs(work)
        self.layers, self.momentum, self.foreach = work["layers"], work["momentum"], foreach
        self.module = Network(self.layers, work["inputDropout"], work["dropout"])
        self.model = torch.jit.script(self.module) if script else self.module
        self.reset()

    def reset(self):
        linears = [module for module in self.module.stack if isinstance(module, nn.Linear)]
        with torch.no_grad():
            for linear, weight in zip(linears, mlp_weights(self.layers)):
                linear.weight.copy_(weight.t())
                linear.bias.zero_()
        self.optimiser = torch.optim.SGD(
            self.module.parameters(), lr=LEARNING_RATE, momentum=self.momentum, foreach=self.foreach
        )

    def step(self):
        self.optimiser.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.model(self.x), self.targets)
        loss.backward()
        self.optimiser.step()

    def loss(self):
        self.module.eval()
        with torch.no_grad():
            value = F.cross_entropy(self.module(self.x), self.targets).item()
        self.module.train()
        return value


class ByHand:
    """The gradient by hand, in place, without autograd; addmm adds it directly to the momentum."""

    def __init__(self, work):
        self.x, self.targets = mlp_inputs(work)
        self.layers, self.momentum = work["layers"], work["momentum"]
        batch, hidden = work["batch"], len(self.layers) - 2
        self.rates = [work["inputDropout"]] + [work["dropout"]] * hidden
        self.scales = [1 / (1 - rate) for rate in self.rates]
        self.activities = [torch.empty(batch, units) for units in self.layers[:-1]]
        self.masks = [torch.empty(batch, units) for units in self.layers[:-1]]
        self.errors = [torch.empty(batch, units) for units in self.layers]
        self.bias_gradients = [torch.empty(units) for units in self.layers[1:]]
        self.one_hot = F.one_hot(self.targets, self.layers[-1]).float()
        self.reset()

    def reset(self):
        self.weights = mlp_weights(self.layers)
        self.biases = [torch.zeros(units) for units in self.layers[1:]]
        self.weight_velocities = [torch.zeros_like(weight) for weight in self.weights]
        self.bias_velocities = [torch.zeros_like(bias) for bias in self.biases]

    @torch.no_grad()
    def step(self):
        last = len(self.weights) - 1
        for index, rate in enumerate(self.rates):
            activity = self.activities[index]
            if index > 0:
                previous = index - 1
                torch.addmm(
                    self.biases[previous],
                    self.activities[previous],
                    self.weights[previous],
                    alpha=self.scales[previous],
                    out=activity,
                ).relu_()
            if rate:
                mask = self.masks[index].uniform_().gt_(rate)
                torch.mul(self.x if index == 0 else activity, mask, out=activity)
            elif index == 0:
                activity.copy_(self.x)
        output = torch.addmm(
            self.biases[last], self.activities[last], self.weights[last], alpha=self.scales[last]
        )
        log_probabilities = F.log_softmax(output, 1)
        self.training_loss = F.nll_loss(log_probabilities, self.targets)
        error = torch.exp(log_probabilities, out=self.errors[-1])
        error.sub_(self.one_hot).mul_(1 / len(self.x))
        for index in range(last, -1, -1):
            activity, scale = self.activities[index], self.scales[index]
            earlier = self.errors[index]
            if index > 0:
                torch.addmm(earlier, error, self.weights[index].t(), beta=0, alpha=scale, out=earlier)
                # An activity is positive only if its unit is active and was not dropped.
                torch.ops.aten.threshold_backward(earlier, activity, 0, grad_input=earlier)
            velocity = self.weight_velocities[index]
            velocity.addmm_(activity.t(), error, beta=self.momentum, alpha=scale)
            self.weights[index].add_(velocity, alpha=-LEARNING_RATE)
            torch.sum(error, 0, out=self.bias_gradients[index])
            self.bias_velocities[index].mul_(self.momentum).add_(self.bias_gradients[index])
            self.biases[index].add_(self.bias_velocities[index], alpha=-LEARNING_RATE)
            error = earlier

    def loss(self):
        activity = self.x
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            activity = torch.addmm(bias, activity, weight)
            if index < len(self.weights) - 1:
                activity = activity.relu()
        return F.cross_entropy(activity, self.targets).item()


class Forward:
    def __init__(self, work, script):
        self.x, _ = mlp_inputs(work)
        self.module = Network(work["layers"], 0.0, 0.0).eval()
        linears = [module for module in self.module.stack if isinstance(module, nn.Linear)]
        with torch.no_grad():
            for linear, weight in zip(linears, mlp_weights(work["layers"])):
                linear.weight.copy_(weight.t())
                linear.bias.zero_()
        self.model = torch.jit.freeze(torch.jit.script(self.module)) if script else self.module

    def reset(self):
        pass

    def step(self):
        with torch.inference_mode():
            self.output = self.model(self.x)

    def result(self):
        return self.output.flatten().tolist()


class ForwardByHand:
    def __init__(self, work):
        self.x, _ = mlp_inputs(work)
        self.weights = mlp_weights(work["layers"])
        self.biases = [torch.zeros(units) for units in work["layers"][1:]]
        self.activities = [torch.empty(work["batch"], units) for units in work["layers"][1:]]

    def reset(self):
        pass

    @torch.inference_mode()
    def step(self):
        activity = self.x
        for index, out in enumerate(self.activities):
            torch.addmm(self.biases[index], activity, self.weights[index], out=out)
            activity = out.relu_() if index < len(self.activities) - 1 else out

    def result(self):
        return self.activities[-1].flatten().tolist()


def mlp_step_ways(work):
    if work.get("rule", "backprop") != "backprop":
        raise ValueError(f"the rule is '{work['rule']}', but PyTorch is measured on backprop only")
    return {
        "autograd": lambda: Autograd(work, False, False),
        "autograd, foreach": lambda: Autograd(work, True, False),
        "autograd, torch.jit.script": lambda: Autograd(work, True, True),
        "by hand, in place": lambda: ByHand(work),
    }


def mlp_forward_ways(work):
    return {
        "nn.Sequential": lambda: Forward(work, False),
        "torch.jit.script": lambda: Forward(work, True),
        "addmm in place": lambda: ForwardByHand(work),
    }


KINDS = {
    "matmul": lambda work: {"torch.mm": lambda: Matmul(work)},
    "mlp-forward": mlp_forward_ways,
    "mlp-step": mlp_step_ways,
    "lenet-step": lambda work: lenet_ways(work, fill),
    "equilibrium-step": lambda work: equilibrium_ways(work, fill),
    "contrastive-step": lambda work: contrastive_ways(work, fill),
    "predictive-step": lambda work: predictive_ways(work, fill),
    "targets-step": lambda work: target_ways(work, fill),
}


def ways(work):
    """Returns the ways to write a work, or only those whose names start with `work["written"]`."""
    kind = work["kind"]
    if kind not in KINDS:
        raise ValueError(f"the kind of work is '{kind}', but it must be one of {', '.join(KINDS)}")
    prefix = work.get("written", "")
    return {name: make for name, make in KINDS[kind](work).items() if name.startswith(prefix)}
