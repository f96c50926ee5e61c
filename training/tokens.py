"""What a keypoint tells the network of itself: where it is, and how it hangs in the skeleton.

Neither names the joint, so the network stays equivariant to permuting keypoints.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class PositionTokens(nn.Module):
    """Token Positional Encoding: frozen random Fourier features of the image position.

    Source: 3D-LFM, Eq. 4: sqrt(2 / D) [sin(W w + b); cos(W w + b)], drawn once from a normal
    distribution. Its width is not stated; 2.5 is what the successor, 2D-LFM, found best. The
    division by sqrt(D) is left out, so that channels have unit variance, as pre-norm layers want.
    """

    frequencies: Tensor
    phase: Tensor

    def __init__(self, width: int, frequency: float) -> None:
        super().__init__()
        drawn = torch.Generator().manual_seed(0)
        self.register_buffer("frequencies", frequency * torch.randn(2, width // 2, generator=drawn))
        self.register_buffer("phase", torch.randn(width // 2, generator=drawn))

    def forward(self, position: Tensor) -> Tensor:
        """Encode positions (..., 2) as tokens (..., D)."""
        # Two scaled columns instead of a matrix product: exact in fp32 under any autocast.
        x, y = position[..., :1].float(), position[..., 1:].float()
        angle = x * self.frequencies[0] + y * self.frequencies[1] + self.phase
        return torch.cat([torch.sin(angle), torch.cos(angle)], -1) * math.sqrt(2.0)


def walk_returns(adjacency: Tensor, steps: int) -> Tensor:
    """Probability that a random walk on the skeleton is back after 1..steps moves.

    Args:
        adjacency: Shape (S, K, K), symmetric 0/1.
        steps: How many moves.

    Returns:
        Shape (S, K, steps); zeros for keypoints without edges.

    Source: V. P. Dwivedi et al., Graph Neural Networks with Learnable Structural and Positional
    Representations, ICLR 2022, Eq. 14 (random-walk positional encoding).
    """
    move = adjacency / adjacency.sum(-1, keepdim=True).clamp(min=1)
    itself = torch.eye(adjacency.shape[-1], dtype=adjacency.dtype, device=adjacency.device)
    # Half of the powers do: the diagonal of a product is the row sums of the one factor times the
    # other's transpose, which costs no matrix product.
    powers = [move]
    while 2 * len(powers) < steps:
        powers.append(powers[-1] @ move)
    returns = [(move * itself).sum(-1)]
    for step in range(2, steps + 1):
        long, short = powers[(step + 1) // 2 - 1], powers[step // 2 - 1]
        returns.append((long * short.transpose(1, 2)).sum(-1))
    return torch.stack(returns, -1)
