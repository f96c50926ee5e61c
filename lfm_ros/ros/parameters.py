"""The parameters of the nodes ``lifter`` and ``player``: the one place where they are described.

``python -m lfm_ros.ros.parameters`` prints ``config/lifter.yaml``. Needs no ROS, for recordings are
lifted with the same defaults.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from lfm_ros.core.filters import FILTERS
from lfm_ros.ros.executor_names import EXECUTORS, SINGLE_THREADED
from lfm_ros.ros.input_types import DEFAULT_INPUT_TYPE, INPUT_TYPES
from lfm_ros.ros.parameter_spec import LIVE, START, parameter, parameters_yaml

HEADER = """\
# Parameters of the node `lifter`, with their defaults. Written by
#   python -m lfm_ros.ros.parameters > config/lifter.yaml
# from lfm_ros/ros/parameters.py, where changes belong; a test compares the two.

"""


@dataclass(frozen=True)
class LifterParameters:
    """What the lifter can be told."""

    autostart: bool = parameter(
        True,
        "Configure and activate the node by itself when it starts. False where a launch file or a "
        "lifecycle manager does that.",
        when=START,
    )
    model: str = parameter(
        "", "Name of a model that ships, or a folder with a manifest. Empty: the default model."
    )
    backend: str = parameter(
        "auto",
        "What runs the network: auto, or the name of an engine such as onnxruntime. A named "
        "engine that cannot run is an error; auto says in /diagnostics what it chose and why.",
        filled=True,
    )
    cpu_threads: int = parameter(
        0,
        "Most CPU threads of one call of the network; a frame of few keypoints takes one. 0: all "
        "cores but one, at most four.",
        low=0,
        high=64,
    )
    input_type: str = parameter(
        DEFAULT_INPUT_TYPE,
        f"Message type of the detections: {', '.join(INPUT_TYPES)}, or a type of another package "
        "that has the name and the fields of one of these.",
        filled=True,
    )
    input_topics: tuple[str, ...] = parameter(
        ("",),
        "Topics to read in place of keypoints, where a detector has one for each object. * stands "
        "for the object's id, as in /humans/bodies/*/skeleton2d, which is what one empty text "
        "means for hri_msgs.",
    )
    skeletons: tuple[str, ...] = parameter(
        ("coco17",),
        "The rigs in use: names of registered skeletons, or paths of skeleton YAML files. The "
        "field skeleton of a detection is an index into this list.",
        filled=True,
    )
    class_skeletons: tuple[str, ...] = parameter(
        ("",),
        "The rig of each class of a detector that has classes: texts such as 'person: coco17' and "
        "'dog: ap10k17', quoted in YAML. Other classes are left out, unless there is '*: RIG'. "
        "One empty text: everything has the first rig of skeletons.",
    )
    keypoint_map: tuple[str, ...] = parameter(
        ("",),
        "Which keypoint of the detector is which of the rig, where names differ or orders do: "
        "texts such as 'left_hand: left_wrist', '5: left_shoulder' (numbers count from 0) or "
        "'coco17/5: left_shoulder', for that rig alone. Not for PointCloud2.",
    )
    keypoint_id_base: int = parameter(
        1, "What a DetectionArray counts the ids of keypoints from; yolo_ros from 1.", low=0, high=1
    )
    min_detection_confidence: float = parameter(
        0.0,
        "Detections below this score are left out, where the detector gives one.",
        when=LIVE,
        low=0.0,
        high=1.0,
    )
    tag_size: float = parameter(
        0.16,
        "Edge length in metres of the tags of an AprilTagDetectionArray.",
        low=1e-4,
        high=100.0,
    )
    queue_depth: int = parameter(
        1,
        "How many frames may wait. 1: the latest frame wins and older ones are dropped, the least "
        "delay; more to lose no frame of a recording when the computer is busy for a moment.",
        low=1,
        high=1000,
    )
    input_timeout: float = parameter(
        2.0,
        "Seconds without a message of the detector after which /diagnostics warns and says whether "
        "anybody publishes at all; 0: never, for detectors that are silent while they see nobody.",
        when=LIVE,
        low=0.0,
        high=3600.0,
    )
    min_confidence: float = parameter(
        0.1, "Keypoints below this confidence are treated as missing.", when=LIVE, low=0.0, high=1.0
    )
    min_keypoints: int = parameter(
        4, "Instances with fewer different keypoints are not lifted.", low=4, high=1000
    )
    require_camera_info: bool = parameter(
        False,
        "Drop frames until a calibrated camera_info is there. Otherwise the camera is assumed, "
        "distances are rough, and /diagnostics warns.",
        when=LIVE,
    )
    rectified: bool = parameter(
        False,
        "The detector works on the rectified image (image_rect), whose camera is P of camera_info "
        "and has no distortion; else on the raw one, whose camera is K with the lens model.",
    )
    assumed_fov_deg: float = parameter(
        60.0,
        "Horizontal field of view in degrees of the camera that is assumed without camera_info.",
        when=LIVE,
        low=1.0,
        high=170.0,
    )
    assumed_image_size: tuple[int, ...] = parameter(
        (1280, 720),
        "Width and height in pixels of the image that is assumed without camera_info.",
        when=LIVE,
        length=2,
        low=1,
        high=100_000,
    )
    gravity: str = parameter(
        "camera_upright",
        "What is known of gravity. camera_upright: the camera is not rolled, and looks below the "
        "horizon by camera_pitch_deg; none: it may have any attitude, which is harder to lift "
        "from.",
        when=LIVE,
        choices=("camera_upright", "none"),
    )
    camera_pitch_deg: float = parameter(
        0.0,
        "How many degrees an upright camera looks below the horizon (negative: above), where no "
        "gravity_frame tells it. People (coco17) were off by 71 mm with a pitch of 10 degrees "
        "told, by 87 without, by 81 with gravity none; with 20 degrees by 70, 118 and 80. So "
        "gravity none is better than a pitch that is wrong by 10 degrees or more.",
        when=LIVE,
        low=-90.0,
        high=90.0,
    )
    camera_height: float = parameter(
        0.0,
        "Metres of the camera above the ground that objects stand on, where no ground_frame tells "
        "it; 0: not known. Needs gravity.",
        when=LIVE,
        low=0.0,
        high=10_000.0,
    )
    tracking: bool = parameter(
        True,
        "Follow instances from frame to frame: give ids to those that the detector does not name, "
        "smooth them, and predict those that are not seen for a moment. False: every frame on its "
        "own, as it was lifted.",
        when=LIVE,
    )
    smoothing: str = parameter(
        "constant_velocity",
        "What takes the jitter away: none, constant_velocity (a Kalman filter) or one_euro (a "
        "low-pass filter that opens up with speed: steadier at rest, later for what comes nearer).",
        when=LIVE,
        choices=tuple(FILTERS),
    )
    smoothing_strength: float = parameter(
        1.0,
        "More than 1 smooths more and adds delay, less than 1 the other way round.",
        when=LIVE,
        low=0.05,
        high=20.0,
    )
    prediction_time: float = parameter(
        0.5,
        "Seconds for which an instance that is not seen is predicted before it is forgotten; "
        "predicted keypoints count as not observed.",
        when=LIVE,
        low=0.0,
        high=10.0,
    )
    known_sizes: tuple[str, ...] = parameter(
        ("",),
        "Size of the objects of a rig, where it is known better than the rig's nominal size: texts "
        "such as 'car12: 25.4', the summed length of its edges in metres.",
    )
    gravity_frame: str = parameter(
        "",
        "A frame whose z axis points up, such as odom, base_footprint or an IMU's: tf2 then tells "
        "gravity for each frame, on arms, gimbals and drones too. Empty: as the parameters "
        "gravity and camera_pitch_deg say. Needs tf2_ros.",
    )
    ground_frame: str = parameter(
        "",
        "A frame whose plane z = 0 is the ground, such as base_footprint: objects that stand on it "
        "are put there, which tells their size. Empty: as camera_height says. Needs tf2_ros.",
    )
    use_depth: bool = parameter(
        False,
        "Read distances from the topic depth (sensor_msgs/msg/Image, 16UC1 or 32FC1, aligned with "
        "the camera).",
    )
    target_frame: str = parameter(
        "",
        "Frame that the outputs are brought into, at the time of the image, such as map. Empty: "
        "the camera's. Frames that tf2 cannot bring there are dropped. Needs tf2_ros.",
    )
    tf_timeout: float = parameter(
        0.1,
        "Seconds to wait for transforms that are still on their way.",
        when=LIVE,
        low=0.0,
        high=10.0,
    )
    frame_id: str = parameter(
        "",
        "The camera's optical frame, instead of the detections' own. Empty: as received.",
        when=LIVE,
    )
    publish_tf: bool = parameter(True, "Publish a frame an instance on /tf.", when=LIVE)
    tf_keypoints: bool = parameter(
        False, "Also publish a frame a keypoint, as children of the instance's.", when=LIVE
    )
    tf_rate: float = parameter(
        0.0,
        "Most messages a second on /tf, counted by the stamps of the frames; 0: one a frame.",
        when=LIVE,
        low=0.0,
        high=1000.0,
    )
    tf_naming: str = parameter(
        "plain",
        "plain: <tf_prefix><slot> and <tf_prefix><slot>/<keypoint>; rep155: body_<slot> and "
        "<joint>_<slot>, where REP 155 has a name for the joint (l_wrist), else the keypoint's.",
        choices=("plain", "rep155"),
    )
    tf_prefix: str = parameter(
        "lfm_", "Start of the frame names with tf_naming plain; one a camera keeps them apart."
    )
    max_tracks: int = parameter(
        16,
        "How many frame names are used in turn for the instances, since tf2 never forgets a name. "
        "Further instances have markers and points but no frame.",
        low=1,
        high=1000,
    )
    marker_point_size: float = parameter(
        0.03, "Diameter of the keypoint spheres in metres.", when=LIVE, low=0.0001, high=10.0
    )
    marker_line_width: float = parameter(
        0.012, "Width of the edges in metres.", when=LIVE, low=0.0001, high=10.0
    )
    marker_lifetime: float = parameter(
        1.0,
        "Seconds after which a marker vanishes if no newer frame replaces it; 0: never.",
        when=LIVE,
        low=0.0,
        high=3600.0,
    )
    marker_alpha: float = parameter(
        1.0, "Opacity of keypoints that were detected.", when=LIVE, low=0.0, high=1.0
    )
    marker_filled_alpha: float = parameter(
        0.3, "Opacity of keypoints that the network filled in.", when=LIVE, low=0.0, high=1.0
    )
    fast_messages: str = parameter(
        "auto",
        "auto: outputs are written into serialised messages, if the middleware's encoding is what "
        "a test at the start finds it to be; off: they are made as Python objects, which takes "
        "a hundred times as long for a hundred people.",
        choices=("auto", "off"),
    )
    executor: str = parameter(
        SINGLE_THREADED,
        "What takes messages to the node: single_threaded, rclpy's plain executor; events, its "
        "EventsExecutor (not in Humble), an experiment that needs less processor time and may fall "
        "behind after a burst.",
        when=START,
        choices=EXECUTORS,
    )
    diagnostics_period: float = parameter(
        1.0, "Seconds between two messages on /diagnostics.", when=START, low=0.05, high=60.0
    )


@dataclass(frozen=True)
class PlayerParameters:
    """What the player can be told."""

    data: str = parameter(
        "", "Recorded keypoints to play, an .npz file. Empty: the built-in scene.", when=START
    )
    source: str = parameter(
        "auto",
        "Which 2D keypoints of a recording: uv_det (a detector's), uv (labels), xyz (the truth as "
        "a camera of our own sees it), auto (the first of these that it has).",
        when=START,
        choices=("auto", "uv_det", "uv", "xyz"),
    )
    rate: float = parameter(30.0, "Frames a second.", when=START, low=0.1, high=1000.0)
    seed: int = parameter(
        0, "Which built-in scene, and which noise.", when=START, low=0, high=2**31 - 1
    )
    noise: bool = parameter(
        True, "Noise and dropouts of a detector on the built-in scene.", when=START
    )
    loop: bool = parameter(
        False, "Play a recording again when it ends. The built-in scene has no end.", when=START
    )
    frame_id: str = parameter(
        "camera_optical_frame", "The camera's optical frame.", when=START, filled=True
    )
    min_subscribers: int = parameter(
        1, "How many have to subscribe to keypoints before it starts.", when=START, low=0, high=100
    )
    start_delay: float = parameter(
        0.5, "Seconds to wait before the first frame.", when=START, low=0.0, high=3600.0
    )


def lifter_yaml() -> str:
    """The text of ``config/lifter.yaml``."""
    return HEADER + parameters_yaml(LifterParameters)


if __name__ == "__main__":
    sys.stdout.write(lifter_yaml())
