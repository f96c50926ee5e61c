"""Muon for the matrices of the blocks, AdamW for everything else, and the course of their rates.

Both take ``found_inf``, a tensor on the device: where it is 1 the step changes nothing, without the
host having to look.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from training.config import TrainConfig


class StackedMuon(torch.optim.Muon):
    """torch's Muon with all matrices of one shape taken together.

    torch takes one after another: on a GPU that is hundreds of launches of small products.
    """

    found_inf: Tensor | None = None
    stack_on_cpu = False
    """For tests of what a GPU does."""

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One step of Muon (K. Jordan et al., 2024), with Nesterov momentum."""
        for group in self.param_groups:
            together: dict[Any, list[Tensor]] = {}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    # A CPU has nothing to gain: one matrix after another stays in its cache.
                    alone = parameter.device.type == "cpu" and not self.stack_on_cpu
                    key = id(parameter) if alone else parameter.shape
                    together.setdefault(key, []).append(parameter)
            for parameters in together.values():
                self._update(parameters, group)

    def _update(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        """Change parameters of one shape (M, N)."""
        momenta = [self._momentum(p) for p in parameters]
        stacked = torch.stack(momenta)
        gradient = torch.stack([p.grad for p in parameters if p.grad is not None])
        rate, decay = group["lr"], group["lr"] * group["weight_decay"]
        keep = 1.0
        if self.found_inf is not None:
            # A gradient like the momentum leaves the momentum as it is.
            gradient = torch.where(self.found_inf > 0, stacked, gradient)
            keep = 1 - self.found_inf
        stacked.lerp_(gradient, 1 - group["momentum"])
        torch._foreach_copy_(momenta, list(stacked.unbind()))
        change = orthogonal(gradient.lerp(stacked, group["momentum"]), group)
        rows, columns = parameters[0].shape
        change = change.to(gradient.dtype) * (keep * rate * max(1.0, rows / columns) ** 0.5)
        # Written so that a step that is skipped multiplies by exactly 1.
        torch._foreach_mul_(parameters, 1 - decay * keep)
        torch._foreach_sub_(parameters, list(change.unbind()))

    def _momentum(self, parameter: Tensor) -> Tensor:
        state = self.state[parameter]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        return state["momentum_buffer"]


def orthogonal(matrices: Tensor, group: dict[str, Any]) -> Tensor:
    """Nearly the closest semi-orthogonal matrices to a stack of them (N, R, C), in bfloat16.

    Source: K. Jordan et al., Muon: An optimizer for hidden layers in neural networks, 2024
    (quintic Newton-Schulz iteration).
    """
    if len(matrices) == 1 and matrices.ndim == 3:
        # On a CPU a batched product of one is slower than a plain one.
        return orthogonal(matrices[0], group)[None]
    a, b, c = group["ns_coefficients"]
    add = torch.addmm if matrices.ndim == 2 else torch.baddbmm
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = (matrices.mT if tall else matrices).bfloat16()
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=group["eps"])
    for _ in range(group["ns_steps"]):
        gram = x @ x.mT
        x = add(x, add(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


def build_optimizers(model: nn.Module, config: TrainConfig) -> list[Optimizer]:
    """Muon for the matrices of the blocks, AdamW for everything else."""
    named = list(model.named_parameters())
    inner = [p for n, p in named if n.startswith("blocks.") and p.ndim == 2]
    outer = [p for n, p in named if not (n.startswith("blocks.") and p.ndim == 2)]
    factor = 1.0 if config.init is None else config.finetune
    rates = factor * config.muon_rate, factor * config.adamw_rate
    muon = StackedMuon(inner, lr=rates[0], weight_decay=0.01, adjust_lr_fn="original")
    adamw = torch.optim.AdamW(outer, lr=rates[1], betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    for optimizer, rate in zip((muon, adamw), rates, strict=True):
        for group in optimizer.param_groups:
            group["full_rate"] = rate
    return [muon, adamw]


def set_rates(optimizers: list[Optimizer], factor: float) -> None:
    """Set every learning rate to a share of its full one."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["full_rate"] * factor


def rate_factor(samples: int, config: TrainConfig) -> float:
    """Warm-up, plateau, then a straight line to zero over the last ``cooldown`` of the samples."""
    left = max(0.0, 1 - samples / config.samples)
    warmup = max(min(config.warmup, config.samples // 10), 1)
    return min(1.0, (samples + 1) / warmup, left / max(config.cooldown, 1e-9))


def restore(optimizer: Optimizer, saved: dict[str, Any]) -> None:
    """Take over the moments of ``saved``, but the settings of this call."""
    optimizer.load_state_dict({**saved, "param_groups": optimizer.state_dict()["param_groups"]})
