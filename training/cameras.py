"""Random views of 3D poses, made on the training device.

Poses are seen from anywhere around them; upright views are the rule, since robots' cameras mostly
are. The result is what ``lfm_ros.core.normalize.virtual_view`` makes of the same view at run time
(a test holds the two together), so nothing here knows of pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import roma
import torch
from torch import Tensor


@dataclass(frozen=True)
class ViewConfig:
    """How poses are seen. Angles in degrees, distances in radii of the object."""

    elevation: tuple[float, float] = (-20.0, 60.0)
    roll: float = 15.0
    tumbled: float = 0.2
    """Share of poses turned in any way before they are seen: objects do fall over."""
    distance: tuple[float, float] = (2.0, 30.0)
    """Drawn with uniform logarithm: from strong perspective to next to none."""
    off_axis: float = 0.6
    """Largest offset of the object from the optical axis, as a tangent. With the distance this
    makes fields of view up to some 110 degrees."""
    camera_known: float = 0.75
    up_known: float = 0.6
    noise: float = 0.015
    """Scale of detector noise, a share of the 2D radius; half of the samples have none."""
    hidden: float = 0.5
    """Share of samples with hidden keypoints."""
    hidden_most: float = 0.8
    """Largest share of keypoints hidden in such a sample; small shares are the rule."""
    swapped: float = 0.06
    """Share of samples in which the detector takes left for right: half of them everywhere, half
    for some pairs."""


@dataclass
class Views:
    """A batch of views: the network's inputs, and the truth in the virtual camera's frame."""

    keypoints: Tensor
    confidence: Tensor
    camera: Tensor
    truth: Tensor
    """(B, K, 3) in the virtual camera's frame, centred, largest distance of a valid point 1."""
    valid: Tensor
    """(B, K) which points have a truth."""
    radius: Tensor
    """(B,) tangent of the angular radius; 0 where the camera is unknown."""


def render(
    xyz: Tensor, valid: Tensor, up: Tensor, config: ViewConfig, twin: Tensor | None = None
) -> Views:
    """See each pose once from a random place.

    Args:
        xyz: (B, K, 3), any unit; values where not ``valid`` are ignored.
        valid: (B, K) bool.
        up: (B, 3) direction against gravity in the frame of ``xyz``; zeros: unknown.
        config: How poses are seen.
        twin: (B, K) the keypoint of the other side that a detector may take for each one, itself
            where there is none; None: it takes none for another.
    """
    points, gravity = place(xyz, valid, up, config)
    image = points[..., :2] / points[..., 2:].clamp(min=0.05)
    if twin is not None:
        image = _confused(image, valid, twin, config)
    image, confidence = _detect(image, valid, config)
    known = _chance(len(xyz), config.camera_known, xyz)
    gravity = gravity * _chance(len(xyz), config.up_known, xyz)[:, None]
    keypoints, turn, radius = virtual_view(image, confidence > 0, gravity, known)
    features = torch.cat([known[:, None], radius[:, None], _up_features(turn, gravity)], -1)
    truth = normalized(points @ turn.transpose(-1, -2), valid)
    return Views(keypoints, confidence, features, truth, valid, radius)


def place(xyz: Tensor, valid: Tensor, up: Tensor, config: ViewConfig) -> tuple[Tensor, Tensor]:
    """Put each pose somewhere before the camera.

    Returns:
        Points (B, K, 3) in the camera's optical frame, in radii of the object, and the direction
        against gravity (B, 3) there. For the arguments see ``render``.
    """
    pose = normalized(xyz, valid)
    rotation, gravity = _orientations(up, config)
    return pose @ rotation.transpose(-1, -2) + _positions(pose, config)[:, None], gravity


def normalized(xyz: Tensor, valid: Tensor) -> Tensor:
    """Centre on the valid points and scale to radius 1; zeros elsewhere."""
    weight = valid[..., None].to(xyz.dtype)
    centre = (xyz * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp(min=1)
    centred = (xyz - centre) * weight
    return centred / centred.norm(dim=-1).amax(1).clamp(min=1e-9)[:, None, None]


def virtual_view(
    image: Tensor, observed: Tensor, gravity: Tensor, known: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The virtual camera of ``lfm_ros.core.normalize``, batched over known and unknown cameras.

    Args:
        image: (B, K, 2) undistorted image-plane points.
        observed: (B, K) bool.
        gravity: (B, 3) up in the camera frame, zeros where unknown.
        known: (B,) 1 where the network is told the camera, 0 where it is not.

    Returns:
        Keypoints (B, K, 2), the rotation to the virtual frame (B, 3, 3), the radius (B,).
    """
    weight = observed[..., None].to(image.dtype)
    rays = torch.cat([image, torch.ones_like(image[..., :1])], -1)
    rays = rays / rays.norm(dim=-1, keepdim=True)
    centre = (rays * weight).sum(1)
    straight = torch.eye(3, dtype=image.dtype, device=image.device).expand(len(image), 3, 3)
    look = torch.where(known[:, None, None] > 0, _look_at(centre), straight)
    turn = _roll_to_upright(look, gravity)
    turned = rays @ turn.transpose(-1, -2)
    plane = turned[..., :2] / turned[..., 2:].clamp(min=0.05)
    mean = (plane * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp(min=1)
    plane = (plane - mean * (1 - known)[:, None, None]) * weight
    extent = plane.norm(dim=-1).amax(1).clamp(min=1e-9)
    return plane / extent[:, None, None], turn, extent * known


def _orientations(up: Tensor, config: ViewConfig) -> tuple[Tensor, Tensor]:
    """Rotation (B, 3, 3) from object to camera, and gravity's up (B, 3) in the camera frame."""
    count = len(up)
    azimuth = _uniform(count, -math.pi, math.pi, up)
    elevation = _uniform(count, *(math.radians(e) for e in config.elevation), up)
    roll = _uniform(count, -math.radians(config.roll), math.radians(config.roll), up)
    ce, se, ca, sa = elevation.cos(), elevation.sin(), azimuth.cos(), azimuth.sin()
    zero = torch.zeros_like(ca)
    forward = torch.stack([-ce * ca, -ce * sa, -se], -1)
    right = torch.stack([-sa, ca, zero], -1)
    upright = torch.stack([right, torch.linalg.cross(forward, right), forward], 1)
    upright = roma.rotvec_to_rotmat(torch.stack([zero, zero, roll], -1)) @ upright
    known = up.norm(dim=-1) > 0
    tumble = (_chance(count, config.tumbled, up) > 0) | ~known
    # Made on the device: a constant from the host would break the capture of a CUDA graph.
    z_axis = torch.eye(3, dtype=up.dtype, device=up.device)[2]
    to_z = _onto_z(torch.where(known[:, None], up, z_axis))
    placed = torch.where(
        tumble[:, None, None], roma.random_rotmat(count, dtype=up.dtype, device=up.device), to_z
    )
    return upright @ placed, upright[..., 2]


def _positions(pose: Tensor, config: ViewConfig) -> Tensor:
    """Where the objects' centres are in the camera frame (B, 3), in radii."""
    near, far = (math.log(d) for d in config.distance)
    depth = _uniform(len(pose), near, far, pose).exp()
    side = (
        torch.rand(len(pose), 2, dtype=pose.dtype, device=pose.device) * 2 - 1
    ) * config.off_axis
    return torch.cat([side * depth[:, None], depth[:, None]], -1)


def _confused(image: Tensor, valid: Tensor, twin: Tensor, config: ViewConfig) -> Tensor:
    """Swap left and right (B, K, 2): of the whole object in some samples, of some pairs in others.

    A pair is swapped as one: its two sides draw the same number.
    """
    count, points = valid.shape
    drawn = torch.rand(count, points, device=image.device)
    drawn = torch.minimum(drawn, drawn.gather(1, twin))
    share = torch.where(_chance(count, 0.5, image) > 0, 1.0, 0.2)
    share = share * _chance(count, config.swapped, image)
    swap = (drawn < share[:, None]) & valid & valid.gather(1, twin)
    return torch.where(swap[..., None], image.gather(1, twin[..., None].expand_as(image)), image)


def _detect(image: Tensor, valid: Tensor, config: ViewConfig) -> tuple[Tensor, Tensor]:
    """What a detector makes of true image points: noise, confidence, and points it missed."""
    weight = valid[..., None].to(image.dtype)
    centre = (image * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp(min=1)
    extent = ((image - centre) * weight).norm(dim=-1).amax(1).clamp(min=1e-9)
    count, points = valid.shape
    level = config.noise * torch.randn(count, 1, device=image.device).abs()
    level = level * _chance(count, 0.5, image)[:, None]
    # Exponential spread makes the tails heavy: a few keypoints are far off.
    spread = level * torch.empty(count, points, device=image.device).exponential_()
    noise = spread[..., None] * torch.randn_like(image) * extent[:, None, None]
    told = _chance(count, 0.5, image)[:, None]
    confidence = 1 - told * (1 - torch.exp(-20 * spread) * (0.7 + 0.3 * torch.rand_like(spread)))
    hidden = _hidden(image, valid, config)
    return image + noise, torch.where(valid & ~hidden, confidence.clamp(0.05, 1), 0.0)


def _hidden(image: Tensor, valid: Tensor, config: ViewConfig) -> Tensor:
    """Which keypoints are missed (B, K): at random, or all on one side of a random line."""
    count, points = valid.shape
    share = config.hidden_most * _uniform(count, 0.0, 1.0, image).square()
    share = share * _chance(count, config.hidden, image)
    angle = _uniform(count, -math.pi, math.pi, image)
    along = image[..., 0] * angle.cos()[:, None] + image[..., 1] * angle.sin()[:, None]
    scattered = torch.rand(count, points, device=image.device)
    order = torch.where(_chance(count, 0.5, image)[:, None] > 0, scattered, along)
    order = torch.where(valid, order, torch.inf)
    rank = order.argsort(-1).argsort(-1)
    total = valid.sum(-1)
    hide = (share * total).long().clamp(max=(total - 4).clamp(min=0))
    return rank < hide[:, None]


def _look_at(direction: Tensor) -> Tensor:
    """The smallest rotation (B, 3, 3) that takes ``direction`` (B, 3), z > 0, to the z axis."""
    a, b, c = (direction / direction.norm(dim=-1, keepdim=True).clamp(min=1e-9)).unbind(-1)
    k = 1 / (1 + c)
    rows = [1 - a * a * k, -a * b * k, -a, -a * b * k, 1 - b * b * k, -b, a, b, c]
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def _roll_to_upright(rotation: Tensor, gravity: Tensor) -> Tensor:
    """Follow ``rotation`` by the roll that turns up to -y; no roll where gravity is unknown."""
    x, y, _ = (rotation @ gravity[..., None])[..., 0].unbind(-1)
    length = torch.hypot(x, y)
    defined = length > 1e-3
    safe = torch.where(defined, length, 1.0)
    cosine, sine = torch.where(defined, -y / safe, 1.0), torch.where(defined, -x / safe, 0.0)
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    rows = [cosine, -sine, zero, sine, cosine, zero, zero, zero, one]
    return torch.stack(rows, -1).unflatten(-1, (3, 3)) @ rotation


def _up_features(turn: Tensor, gravity: Tensor) -> Tensor:
    known = (gravity.norm(dim=-1, keepdim=True) > 0).to(turn.dtype)
    return torch.cat([known, (turn @ gravity[..., None])[..., 0]], -1)


def _onto_z(up: Tensor) -> Tensor:
    """A rotation (B, 3, 3) that takes unit vectors ``up`` (B, 3) to +z, whatever they are."""
    up = up / up.norm(dim=-1, keepdim=True)
    # A helper axis that is never parallel: the one along which ``up`` is smallest.
    axes = torch.arange(3, device=up.device)
    helper = (up.abs().argmin(-1)[:, None] == axes).to(up.dtype)
    x = torch.linalg.cross(helper, up)
    x = x / x.norm(dim=-1, keepdim=True)
    return torch.stack([x, torch.linalg.cross(up, x), up], 1)


def _uniform(count: int, low: float, high: float, like: Tensor) -> Tensor:
    return low + (high - low) * torch.rand(count, dtype=like.dtype, device=like.device)


def _chance(count: int, share: float, like: Tensor) -> Tensor:
    """1 with probability ``share``, else 0, shape (count,)."""
    return (torch.rand(count, device=like.device) < share).to(like.dtype)
