"""ROS 2 and the message packages, each with what it is for."""

from __future__ import annotations

from lfm_ros.doctor.finding import ABSENT, OK, Finding
from lfm_ros.doctor.modules import Module, look_for
from lfm_ros.doctor.patient import Patient
from lfm_ros.ros.input_types import INPUT_TYPES, how_to_install

AREA = "ros"
KNOWN = ("humble", "jazzy", "kilted", "lyrical")
_NODE = "the node"
#: What package.xml asks for and the node cannot do without.
NEEDED = {
    "geometry_msgs": _NODE,
    "lifecycle_msgs": "the launch files",
    "sensor_msgs": _NODE,
    "std_msgs": _NODE,
    "visualization_msgs": "the markers",
    "diagnostic_msgs": "the diagnostics",
    "std_srvs": "the services ~/enable and ~/reset",
    "tf2_msgs": "the transforms on /tf",
}


def check(patient: Patient) -> list[Finding]:
    """The distribution, rclpy, packages, and whether ROS finds lfm_ros."""
    found = [_distribution(patient)]
    client = Module("rclpy", "rclpy", "node, player, viewer", _source(patient), "''")
    found += look_for(AREA, [client], patient)
    if found[-1].state == ABSENT:
        return found  # no message package without it; one remedy for all
    return [*found, *look_for(AREA, _packages(patient), patient), _package_itself(patient)]


def _packages(patient: Patient) -> list[Module]:
    needed = [_interfaces(p, off, _apt(p, patient)) for p, off in NEEDED.items()]
    frames = "the parameters target_frame, gravity_frame and ground_frame"
    tf = Module("tf2_ros", "tf2_ros", frames, _apt("tf2_ros_py", patient), "''")
    apt = "sudo apt install python3-transforms3d"
    turns = Module("transforms3d", "transforms3d", "the transforms on /tf", apt)
    launch = Module("launch_ros", "launch_ros", "ros2 launch", _apt("launch_ros", patient), "''")
    optional = [kind.split("/")[0] for kind in INPUT_TYPES]
    detections = [_detections(package, patient) for package in optional if package not in NEEDED]
    return [*needed, launch, tf, turns, *detections]


def _interfaces(package: str, off: str, mend: str) -> Module:
    kind = "srv" if package.endswith("_srvs") else "msg"
    return Module(package, f"{package}.{kind}", off, mend, "''")


def _detections(package: str, patient: Patient) -> Module:
    mend = how_to_install(package, patient.distro)
    return _interfaces(package, f"input_type {package}/...", mend)


def _distribution(patient: Patient) -> Finding:
    name = patient.distro
    if not name:
        off = "ros2 run and ros2 launch; Python and the command lfm work without"
        return Finding(AREA, "distribution", ABSENT, "none is sourced", off, _source(patient))
    said = name if name in KNOWN else f"{name}, which lfm_ros does not know: {', '.join(KNOWN)}"
    return Finding(AREA, "distribution", OK, said)


def _package_itself(patient: Patient) -> Finding:
    marker = "share/ament_index/resource_index/packages/lfm_ros"
    prefixes = [p for p in patient.environment.get("AMENT_PREFIX_PATH", "").split(":") if p]
    for prefix in prefixes:
        if (patient.host.root / prefix.lstrip("/") / marker).exists():
            return Finding(AREA, "lfm_ros", OK, f"in {prefix}")
    off = "ros2 run lfm_ros and ros2 launch lfm_ros"
    mend = "colcon build --packages-select lfm_ros, then source install/setup.bash"
    return Finding(AREA, "lfm_ros", ABSENT, "ROS does not find it", off, mend)


def _source(patient: Patient) -> str:
    there = sorted(p.parent.name for p in patient.host.root.glob("opt/ros/*/setup.bash"))
    if there:
        return f"source /opt/ros/{there[-1]}/setup.bash"
    return "install ROS 2 as docs.ros.org says; without it make demo takes one from PyPI"


def _apt(package: str, patient: Patient) -> str:
    distro = patient.distro or "$ROS_DISTRO"
    return f"sudo apt install ros-{distro}-{package.replace('_', '-')}"
