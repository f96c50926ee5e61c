"""The arguments of the launch files: the one place where they are described.

Imports nothing of ROS, so that the documentation is made from it too. What a file hands on to
``lifter.launch.py`` takes the arguments of that as well.
"""

from __future__ import annotations

from dataclasses import dataclass

FLAG = ("true", "false")


@dataclass(frozen=True)
class Argument:
    """One argument of a launch file.

    Attributes:
        default: As text; None: it has to be given.
        description: One or two sentences.
        choices: The values that are allowed; empty: all.
        file: Whether the default is a file beside ``launch/``.
    """

    default: str | None
    description: str
    choices: tuple[str, ...] = ()
    file: bool = False


LIFTER = {
    "params_file": Argument(
        "config/lifter.yaml",
        "Parameters of the lifter, such as skeletons; a section /front/lifter holds for that one "
        "alone.",
        file=True,
    ),
    "namespace": Argument("", "Namespace of the nodes."),
    "skeletons": Argument(
        "", "Rigs in use, a YAML list of names or files; empty: those of params_file."
    ),
    "input_type": Argument(
        "", "Message type of the detections; empty: that of params_file, else PointCloud2."
    ),
    "class_skeletons": Argument(
        "",
        "Rig of each class of the detector, a YAML map such as {person: coco17, dog: ap10k17}; "
        "empty: as params_file has it.",
    ),
    "tf_prefix": Argument("", "Start of the frame names; empty: as params_file has it."),
    "keypoints": Argument("keypoints", "Topic of the detections."),
    "camera_info": Argument(
        "camera_info", "Topic of the camera's CameraInfo, stamped like the detections."
    ),
    "depth": Argument(
        "",
        "Topic of depth images, aligned with the camera, which sets use_depth; empty: use_depth is "
        "as params_file has it, and the topic is depth.",
    ),
    "gravity_frame": Argument(
        "", "Frame whose z axis points up, such as odom; empty: as params_file has it."
    ),
    "ground_frame": Argument(
        "", "Frame whose plane z = 0 is the ground; empty: as params_file has it."
    ),
    "target_frame": Argument(
        "",
        "Frame that the outputs are brought into, such as map; empty: as params_file has it.",
    ),
    "autostart": Argument(
        "true", "Configure and activate the lifter; else a lifecycle manager must.", FLAG
    ),
    "use_sim_time": Argument(
        "false", "Take the time from /clock, as with a simulator or a bag.", FLAG
    ),
    "log_level": Argument(
        "info", "How much the node says.", ("debug", "info", "warn", "error", "fatal")
    ),
    "rviz": Argument("false", "Open RViz too.", FLAG),
    "fixed_frame": Argument("", "Frame that RViz shows; empty: camera_optical_frame."),
}

DEMO = {
    "params_file": Argument("config/demo.yaml", "Parameters of the three nodes.", file=True),
    "namespace": LIFTER["namespace"],
    "data": Argument(
        "",
        "Recorded keypoints to play, an .npz file, whose rig is to be given as skeletons then; "
        "empty: the built-in scene.",
    ),
    "port": Argument("8080", "Port of the viewer's page on 127.0.0.1."),
    "viewer": Argument("true", "Start the viewer in the browser.", FLAG),
}

MULTI_CAMERA = {
    "cameras": Argument(
        None,
        "The cameras, a YAML list such as [front, rear]: each has a lifter in the namespace of its "
        "name, where its topics are, and its name before those of its TF frames.",
    ),
    "namespace": Argument("", "Namespace around those of the cameras."),
    # Said again, since launch cannot see what the lifters take, which are included once it runs.
    **{name: told for name, told in LIFTER.items() if name not in ("namespace", "tf_prefix")},
}

BAG = {
    "bag": Argument(None, "The recording to play, a folder or file that ros2 bag play takes."),
    "rate": Argument("1.0", "How fast to play it; 1.0 is as it was recorded."),
    "loop": Argument("false", "Play it again when it ends.", FLAG),
    "use_sim_time": Argument("true", "Take the time from the recording's /clock.", FLAG),
}

YOLO = {
    "input_type": Argument("yolo_msgs/msg/DetectionArray", "Message type of the detections."),
    "keypoints": Argument(
        "/yolo/tracking",
        "Topic of the detections; /yolo/detections where yolo_ros runs without its tracker.",
    ),
    "camera_info": Argument("/camera/rgb/camera_info", "Topic of the camera's CameraInfo."),
    "class_skeletons": Argument("{person: coco17}", "Rig of each class, as a YAML map."),
    "start_yolo": Argument("false", "Start yolo_ros too, by yolo_bringup's launch file.", FLAG),
    "model": Argument("yolo11n-pose.pt", "Network that yolo_ros loads; one that has keypoints."),
    "image": Argument("/camera/rgb/image_raw", "Topic of the image that yolo_ros reads."),
    "device": Argument("cuda:0", "What yolo_ros runs its network on, such as cuda:0 or cpu."),
}

#: Arguments by launch file. All but the first hand on to ``lifter.launch.py``.
LAUNCH_FILES = {
    "lifter.launch.py": LIFTER,
    "multi_camera.launch.py": MULTI_CAMERA,
    "bag.launch.py": BAG,
    "yolo.launch.py": YOLO,
    "demo.launch.py": DEMO,
}
