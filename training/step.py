"""One step: views of a batch, the loss, its gradient, and what that does to the weights.

Nothing here makes the host wait for the device: a GPU is fed while it still computes. A test holds
that up.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.profiler import record_function

from training import distill
from training.average import Average
from training.cameras import Views, render
from training.config import TrainConfig
from training.data.sampler import PoseBatch
from training.distill import Teacher
from training.guards import Guard
from training.losses import total_loss
from training.model import Lifting
from training.optimizers import build_optimizers, set_rates

PARTS = ("data", "views", "forward", "backward", "update")
"""The spans of a step in a profile, see ``training.bench``."""


class Learner:
    """What changes with every step: weights, moments of the optimizers, moving average.

    Args:
        model: The network.
        network: The same behind whatever averages gradients over processes.
        config: How to train.
        device: Where all of it lives.
    """

    def __init__(
        self, model: Lifting, network: nn.Module, config: TrainConfig, device: str
    ) -> None:
        self.config, self.device = config, device
        self.model, self.network = model, network
        self.optimizers = build_optimizers(model, config)
        self.average = Average(model, config.average)
        self.guard = Guard(device)
        self.teacher = None if config.teacher is None else Teacher(config.teacher, device)
        self.steps = 0
        # Gradients stay where they are, so that what was captured as a graph finds them again.
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        self.gradient: Callable[[PoseBatch], dict[str, Tensor]] = self.eager_gradient

    def learn(self, batch: PoseBatch, factor: float) -> dict[str, Tensor]:
        """Learn from a batch at a share of the full rates; the terms of the loss.

        A gradient that is not finite changes neither weights nor moments.
        """
        terms = self.gradient(batch)
        with record_function("update"):
            bad = self.guard.judge(terms["gradient"])
            self.guard.add(terms, bad)
            set_rates(self.optimizers, factor)
            for optimizer in self.optimizers:
                # torch's fused AdamW heeds this too: it is how torch.amp.GradScaler skips a step.
                optimizer.found_inf = bad  # type: ignore[attr-defined]
                optimizer.step()
            self.average.follow(self.steps)
        self.steps += 1
        return terms

    def eager_gradient(self, batch: PoseBatch) -> dict[str, Tensor]:
        """See a batch and leave its clipped gradient in the parameters; the terms of the loss."""
        with record_function("views"):
            views = see(batch, self.config)
        return self.backward(batch, views)

    def backward(self, batch: PoseBatch, views: Views) -> dict[str, Tensor]:
        """Leave the clipped gradient of a batch in the parameters; the terms of the loss."""
        with record_function("forward"):
            terms = self.judge(batch, views)
        with record_function("backward"):
            for optimizer in self.optimizers:
                optimizer.zero_grad(set_to_none=False)
            terms["total"].backward()
            norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip)
        return {**{name: value.detach() for name, value in terms.items()}, "gradient": norm}

    def judge(self, batch: PoseBatch, views: Views) -> dict[str, Tensor]:
        """Every term of the loss, and their sum under ``total``."""
        with torch.autocast(self.device, torch.bfloat16, enabled=self.config.bf16):
            outputs = self.network(*told(batch, views))
            said = None if self.teacher is None else self.teacher.says(*told(batch, views))
        weight = knowable(batch, views)
        terms = total_loss(outputs, views, weight)
        if said is not None:
            terms["teacher"] = distill.distance(outputs, said, views, weight)
            terms["total"] = terms["total"] + self.config.teacher_weight * terms["teacher"]
        return terms


def see(batch: PoseBatch, config: TrainConfig) -> Views:
    """Each pose of a batch from a random place."""
    return render(batch.xyz, batch.valid, batch.up, config.views, batch.twin)


def told(batch: PoseBatch, views: Views) -> tuple[Tensor, ...]:
    """What the network is told, in the order of its inputs."""
    return (
        views.keypoints,
        views.confidence,
        batch.adjacency,
        batch.skeleton_index,
        views.camera,
        batch.side,
    )


def knowable(batch: PoseBatch, views: Views) -> Tensor:
    """Weight (B, K) of the points that can be asked for.

    A hidden keypoint is known only by its place in the skeleton: without edges it cannot be told
    from any other hidden one.
    """
    degree = batch.adjacency[batch.skeleton_index].sum(-1)
    return (batch.valid & ((views.confidence > 0) | (degree > 0))).to(views.keypoints.dtype)
