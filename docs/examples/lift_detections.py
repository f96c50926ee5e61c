"""What 2D pose networks return, lifted to 3D in Python. Needs no ROS and no detector.

python3 docs/examples/lift_detections.py
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lfm_ros import Intrinsics, Lifter, Tracker
from lfm_ros.core.camera import LEVEL_UP

# A person in COCO order as a pose network returns one: x, y in pixels and a score, (17, 3). In
# their own arrays you find it as
#   ultralytics:  results[0].keypoints.data.cpu().numpy()                         (N, 17, 3)
#   MMPose:       person["keypoints"] (17, 2) and person["keypoint_scores"] (17,)
#                 for person in next(MMPoseInferencer("human")(image))["predictions"][0]
PERSON = np.array(
    [
        *[[640, 190, 0.96], [652, 178, 0.93], [629, 178, 0.94], [668, 184, 0.81]],
        *[[614, 184, 0.86], [697, 262, 0.98], [588, 262, 0.99], [728, 348, 0.97]],
        *[[562, 350, 0.97], [741, 428, 0.93], [547, 430, 0.95], [676, 436, 0.99]],
        *[[608, 436, 0.99], [684, 560, 0.97], [600, 562, 0.97], [690, 680, 0.90]],
        *[[592, 684, 0.02]],  # the right ankle is hidden: a low score
    ]
)
RELIABLE = 0.1


def detect(step: int) -> NDArray[np.float64]:
    """Two people, (2, 17, 3), who walk to the side; in place of your network."""
    return np.stack([PERSON, PERSON + [300, 0, 0]]) + [4.0 * step, 0, 0]


def main() -> None:
    """Lift some frames, follow who is who, and print where everybody is."""
    camera = Intrinsics([[900, 0, 640], [0, 900, 360], [0, 0, 1]], size=(1280, 720))
    tracker = Tracker()
    with Lifter.from_pretrained() as lifter:
        for step in range(5):
            found = detect(step)
            pixels, scores = found[..., :2], found[..., 2]
            confidence = np.where(scores < RELIABLE, 0.0, scores)  # 0: missing, is filled in
            out = lifter.lift(pixels, confidence, camera, "coco17", up=LEVEL_UP)
            people = tracker.update(out, stamp_ns=step * 33_333_333)
    for person in range(len(people)):
        x, y, z = people.middle[person]
        print(
            f"person {people.instance_id[person]}: {z:.2f} {people.unit[person]} ahead, "
            f"{x:.2f} to the right, {y:.2f} down (off by {people.place_sigma[person]:.2f} or so); "
            f"{people.observed[person].sum()} of 17 seen; left wrist {people.points[person, 9]}"
        )


if __name__ == "__main__":
    main()
