"""The network: 2D keypoints of any rig in, canonical 3D structure out.

Source: M. Dabhi, L. Jeni, S. Lucey, 3D-LFM: Lifting Foundation Model, CVPR 2024. What the paper
leaves open is decided here:

* Graph attention and global self-attention run side by side as heads of one attention call, with
  an additive bias: half of the heads see the neighbours on the skeleton, half see every observed
  keypoint. (The paper concatenates two branches; so do heads.)
* Layers are pre-norm. (The paper's equations and figure disagree.)
* The head ``depth`` is ours: image position and depth in the virtual camera's frame. It gives
  the pose in the camera without any ground truth, which the paper's alignment needs. A network
  with ``depth=False`` is the paper's.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lfm_ros.core.normalize import CAMERA_FEATURES
from training.tokens import PositionTokens, walk_returns

# Finite, so that a row without any key does not become NaN, and no larger than it must be: in such
# a row fp32 and fp16 still resolve the scores that it is added to.
_BLOCKED = -200.0


@dataclass(frozen=True)
class ModelConfig:
    """Everything that decides the shape of the network."""

    width: int = 128
    """Channels D of a token."""
    layers: int = 6
    heads: int = 4
    """Attention heads; the first half is local, on the skeleton's edges."""
    mlp_ratio: int = 4
    frequency: float = 2.5
    """Standard deviation of the frozen random frequencies of the position tokens."""
    walk_steps: int = 8
    """Random-walk return probabilities given to each keypoint; 0 leaves them out (the paper)."""
    sides: bool = True
    """Whether keypoints say which side of the object they are on (not in the paper)."""
    depth: bool = True
    """Whether the head ``uvd`` exists beside the canonical one."""

    def as_dict(self) -> dict[str, Any]:
        """The configuration as plain values, stored beside the weights."""
        return asdict(self)


PRESETS = {
    "tiny": ModelConfig(width=64, heads=2),
    "base": ModelConfig(),
    "large": ModelConfig(width=256, layers=7, heads=8),
    "paper": ModelConfig(walk_steps=0, sides=False, depth=False),
}


class Attention(nn.Module):
    """Multi-head attention with an additive bias that differs by head."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Attend within each instance: x (B K, D), bias (B, H, K, K) -> (B K, D)."""
        tokens = bias.shape[0], bias.shape[-1]
        packed = self.qkv(x).view(*tokens, 3, self.heads, -1)
        q, k, v = packed.permute(2, 0, 3, 1, 4).unbind(0)
        return self.out(self._attend(q, k, v, bias).transpose(1, 2).reshape(x.shape))

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
        if self.training and q.device.type == "cpu":
            # The fused kernel's backward pass with a bias takes twice as long as this on a CPU.
            weights = torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5 + bias, -1)
            return weights @ v
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=bias)


class Block(nn.Module):
    """Attention and a GELU MLP, each pre-norm with a residual."""

    def __init__(self, width: int, heads: int, mlp_ratio: int) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.norm_mlp = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, mlp_ratio * width), nn.GELU(), nn.Linear(mlp_ratio * width, width)
        )

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """One layer: x (B K, D), bias (B, H, K, K) -> (B K, D)."""
        x = x + self.attention(self.norm_attention(x), bias)
        return x + self.mlp(self.norm_mlp(x))


class Lifting(nn.Module):
    """3D-LFM.

    Inputs (names and shapes are the engine protocol's):
        keypoints: (B, K, 2) in the unit disc of the virtual camera.
        confidence: (B, K) in [0, 1]; 0 means missing or padding.
        adjacency: (S, K, K) of the S rigs in the batch, zeros where edges are unknown.
        skeleton_index: (B,) int32 or int64, which rig each instance has.
        camera: (B, C), see ``lfm_ros.core.normalize.CAMERA_FEATURES``; zeros mean unknown.
        side: (B, K), 1 for keypoints on the object's left, -1 on its right, 0 for neither or
            unknown; None: all unknown. It tells front from back where the shape does not.

    Outputs:
        canonical: (B, K, 3), the structure in the network's own orientation.
        log_sigma: (B, K), log of the expected error in units of the 2D radius.
        uvd: (B, K, 3), image position and depth; only with ``config.depth``. Observed keypoints
            keep the position that came in.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.tokens = PositionTokens(config.width, config.frequency)
        self.features = nn.Linear(4 + config.walk_steps + config.sides, config.width)
        self.camera = nn.Sequential(
            nn.Linear(len(CAMERA_FEATURES), config.width),
            nn.GELU(),
            nn.Linear(config.width, config.width),
        )
        self.blocks = nn.ModuleList(
            Block(config.width, config.heads, config.mlp_ratio) for _ in range(config.layers)
        )
        self.norm = nn.LayerNorm(config.width)
        self.canonical = _head(config.width, 3)
        self.sigma = _head(config.width, 1)
        self.uvd = _head(config.width, 3) if config.depth else None

    def forward(
        self,
        keypoints: Tensor,
        confidence: Tensor,
        adjacency: Tensor,
        skeleton_index: Tensor,
        camera: Tensor,
        side: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """Lift a batch; see the class for names and shapes."""
        seen = (confidence > 0).to(keypoints.dtype)
        edges = adjacency.index_select(0, skeleton_index)
        side = torch.zeros_like(confidence) if side is None else side
        graph = [side[..., None]] if self.config.sides else []
        if self.config.walk_steps:
            returns = walk_returns(adjacency, self.config.walk_steps)
            graph.append(returns.index_select(0, skeleton_index))
        x = self._embed(keypoints, confidence, seen, graph) + self.camera(camera)[:, None]
        x = x.to(_trunk_dtype(x))
        bias = self._bias(edges, seen).to(x.dtype)
        # One row a token: what is not attention need not know of instances, and NVIDIA's builder
        # then finds one kernel less in every block.
        rows = x.flatten(0, 1)
        for block in self.blocks:
            rows = block(rows, bias)
        x = self.norm(rows).view(x.shape)
        canonical, log_sigma = self.canonical(x), self.sigma(x)[..., 0]
        if self.uvd is None:
            return canonical, log_sigma
        uvd = self.uvd(x)
        place = torch.where(seen[..., None] > 0, keypoints, uvd[..., :2])
        return canonical, log_sigma, torch.cat([place, uvd[..., 2:]], -1)

    def _embed(
        self, keypoints: Tensor, confidence: Tensor, seen: Tensor, skeleton: list[Tensor]
    ) -> Tensor:
        """Tokens (B, K, D) of where each keypoint is and of what the skeleton says of it."""
        visible = keypoints * seen[..., None]
        features = [visible, confidence[..., None], seen[..., None], *skeleton]
        tokens = self.tokens(visible) * seen[..., None]
        return tokens + self.features(torch.cat(features, -1))

    def _bias(self, edges: Tensor, seen: Tensor) -> Tensor:
        """Additive attention bias (B, H, K, K): local heads first, then global ones."""
        half = self.config.heads // 2
        itself = torch.eye(edges.shape[-1], dtype=edges.dtype, device=edges.device)
        local = (1 - (edges + itself).clamp(max=1)) * _BLOCKED
        everyone = ((1 - seen) * _BLOCKED)[:, None, :].expand_as(local)
        sides = [local[:, None].expand(-1, half, -1, -1), everyone[:, None]]
        sides[1] = sides[1].expand(-1, self.config.heads - half, -1, -1)
        return torch.cat(sides, 1)


def _trunk_dtype(x: Tensor) -> torch.dtype:
    """Under autocast the residual stream is low precision too: half the memory moves."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


OUTPUTS = ("canonical", "log_sigma", "uvd")


def _head(width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, outputs))
