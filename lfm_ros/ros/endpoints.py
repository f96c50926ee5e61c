"""What the lifter reads, publishes and serves: the one place where it is described.

Imports nothing of ROS, so that the documentation is made from it; a test compares it with a running
node. Names without a slash are relative, so namespaces and remapping work.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Endpoint:
    """A topic or a service of the node.

    Attributes:
        name: As the node asks for it.
        type: Such as ``sensor_msgs/msg/PointCloud2``.
        description: One or two sentences.
        always: False where it is there only with some parameters, or some packages.
    """

    name: str
    type: str
    description: str
    always: bool = True


INPUTS = (
    Endpoint(
        "keypoints",
        "sensor_msgs/msg/PointCloud2",
        "Detections: one row an instance, one column a keypoint. input_type names other types.",
    ),
    Endpoint(
        "camera_info", "sensor_msgs/msg/CameraInfo", "The camera, stamped like the detections."
    ),
    Endpoint(
        "depth", "sensor_msgs/msg/Image", "Depth beside the detections, with use_depth.", False
    ),
)
OUTPUTS = (
    Endpoint(
        "markers",
        "visualization_msgs/msg/MarkerArray",
        "One SPHERE_LIST and one LINE_LIST for all instances.",
    ),
    Endpoint("keypoints_3d", "sensor_msgs/msg/PointCloud2", "The 3D points, for programs."),
    Endpoint(
        "skeletons",
        "std_msgs/msg/String",
        "JSON, latched: names, edges, pairs and side of every rig in use.",
    ),
    Endpoint(
        "/tf",
        "tf2_msgs/msg/TFMessage",
        "A frame an instance; with tf_keypoints also one a keypoint.",
    ),
    Endpoint(
        "/diagnostics",
        "diagnostic_msgs/msg/DiagnosticArray",
        "State, engine and why, rates, latencies, drops by cause.",
    ),
)
SERVICES = (
    Endpoint(
        "~/enable",
        "std_srvs/srv/SetBool",
        "False: drop frames and delete the markers, but keep the network.",
    ),
    Endpoint(
        "~/reset",
        "std_srvs/srv/Trigger",
        "Forget identities and counts; delete the markers. Keeps camera, transforms and depth.",
    ),
)

#: What the fields of the point clouds mean, by name of the topic.
FIELDS = {
    "keypoints": {
        "u": "pixels, x right; NaN, or 0 in u and v: missing",
        "v": "pixels, y down; NaN, or 0 in u and v: missing",
        "confidence": "0 to 1; 0: missing, and in the padding of smaller rigs",
        "instance_id": "optional, the same along a row; -1 or no such field: the tracker says",
        "skeleton": "optional, the same along a row: index into the parameter skeletons",
    },
    "keypoints_3d": {
        "x": "metres, the header's frame; NaN: no point",
        "y": "metres",
        "z": "metres",
        "sigma": "expected error within the object, metres",
        "confidence": "of the detection",
        "observed": "0: the network filled the keypoint in",
        "scale_source": "where the size comes from",
        "slot": "of its TF frame `<tf_prefix><slot>`; -1: it has none",
        "instance_id": "of the detections, or of the tracker",
        "skeleton": "index into the parameter skeletons",
        "keypoint": "index in the rig; -1: padding",
        "place_sigma": "expected error of the place of the whole object, metres",
    },
}
