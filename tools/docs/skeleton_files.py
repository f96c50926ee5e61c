"""The part of ``docs/skeletons.md`` on rigs of one's own: fields, and when names count."""

from __future__ import annotations

from tools.docs.markdown import code, table

#: By field: what it says, and what holds without it.
FIELDS = {
    "keypoints": ("One name each, all different, in the order of the detector.", "must be there"),
    "like": (
        "Name of a skeleton that comes with the package: what this file does not say is as there.",
        "nothing is taken over",
    ),
    "edges": (
        "Pairs of names that are joined, best by something rigid. The network is told them, and "
        "the size is their summed length.",
        "none: lifting is much worse",
    ),
    "pairs": (
        "`[left, right]` of the same part. They tell front from back.",
        "read from the names",
    ),
    "side": (
        "`left` or `right`, of what is itself one of two mirror images: a hand, a shoe. Its image "
        "alone does not tell a left one seen from the front from a right one seen from behind.",
        "not known",
    ),
    "nominal_size": (
        "Summed length of the edges of a usual one, metres (without edges: twice the largest "
        "distance from the centroid).",
        "none: the node refuses the rig, Python answers in radii",
    ),
    "size_spread": (
        "How much sizes differ from that: standard deviation as a share. It goes into "
        "`place_sigma`, and decides how soon a measured cue is trusted more.",
        "0.1",
    ),
    "surface_depth": (
        "How far keypoints lie behind the surface that a depth camera sees, on average, metres: "
        "0.05 for the joints of a person, 0 for stickers.",
        "0",
    ),
    "contacts": (
        "Keypoints that it can stand on, with their height above the ground then, metres; for "
        "`ground_frame`. `{}`: it does not stand.",
        "its lowest seen point stands",
    ),
    "root": (
        "Frame of an instance in TF: `origin`, the mean of some keypoints; `z` (or, of what is "
        "longer than tall, `x`) and `y` as `[[from], [to]]`; y is made perpendicular.",
        "the network's canonical frame, which means nothing to people",
    ),
    "rep155": ("Names of links for `tf_naming: rep155`, by keypoint.", "the keypoints' own names"),
}

_BEGIN = """
## A rig of your own

```yaml
# forklift.yaml: any name; it is the rig's
keypoints:
  [
    left_fork_tip, right_fork_tip, left_fork_heel, right_fork_heel, mast_top, left_roof,
    right_roof, left_rear_wheel, right_rear_wheel,
  ]
edges:
  [
    [left_fork_tip, left_fork_heel], [right_fork_tip, right_fork_heel],
    [left_fork_heel, right_fork_heel], [left_fork_heel, mast_top], [right_fork_heel, mast_top],
    [mast_top, left_roof], [mast_top, right_roof], [left_roof, right_roof],
    [left_roof, left_rear_wheel], [right_roof, right_rear_wheel],
    [left_rear_wheel, right_rear_wheel],
  ]
nominal_size: 14.1
size_spread: 0.15
contacts: {left_rear_wheel: 0.2, right_rear_wheel: 0.2}
root:
  origin: [left_rear_wheel, right_rear_wheel]
  x: [[left_rear_wheel, right_rear_wheel], [left_fork_heel, right_fork_heel]]
  y: [[right_rear_wheel], [left_rear_wheel]]
```

`lfm skeleton show forklift.yaml` reads it as the node will, with the pairs that it found. The file
goes wherever a name goes: `skeletons:="[/path/forklift.yaml]"`,
`class_skeletons: ["forklift: /path/forklift.yaml"]`, `lfm lift --skeleton forklift.yaml`,
`lifter.lift(..., skeleton="forklift.yaml")`. Or it is made in Python:
`Skeleton(names=[...], edges=[(0, 1), ...], nominal_size=14.1)`. Fields:

"""

_END = """
**When names count.** The network is told edges and sides, never names. Names give

- the sides, where `pairs` is absent: `left_knee`, `LeftKnee`, `knee_l`, `L_Knee`, `FL_foot`;
- the columns of detectors that name their keypoints; others go by order, or by `keypoint_map`;
- the frames in TF, and what the topic `skeletons` says;
- the rig of an .npz, where they are those of a registered one in its order.

**How well it will do.** Give edges, both sides, and the camera's tilt. New rigs of people and
faces do well, furniture and vehicles that the network never met, like this forklift, are about half
as wrong as without depth, arms and living things that it never met hardly better than that
([figures](../config/models/lfm_base/README.md)). A robot with a URDF is learnt in minutes, other
things from some 3D poses:
[training](training.md#your-own-data-your-own-robot).
"""


def section() -> str:
    """The whole part."""
    rows = [(code(name), said, without) for name, (said, without) in FIELDS.items()]
    return _BEGIN + table(("field", "", "without it"), rows) + _END
