# lfm_ros on a Jetson with JetPack 6.1 or 6.2 (Orin), ROS 2 Humble. On the Jetson, from the
# checkout's root:
#   docker build -f docker/jetson.Dockerfile -t lfm_ros .
#   docker run --rm --network host --runtime nvidia -v lfm_cache:/cache lfm_ros
# BASE has CUDA and TensorRT of the JetPack release; it must be that of the board.
# docs/platforms.md says what of this was run by us.
ARG BASE=nvcr.io/nvidia/l4t-jetpack:r36.4.0
FROM ros:humble AS ros
FROM ${BASE}

ENV ROS_DISTRO=humble LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive
SHELL ["/bin/bash", "-o", "pipefail", "-c"]

# Where apt finds ROS 2, and the key of that place, as the official image has them.
COPY --from=ros /usr/share/keyrings/ros* /usr/share/keyrings/
COPY --from=ros /etc/apt/sources.list.d/ros* /etc/apt/sources.list.d/
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      build-essential python3-colcon-common-extensions python3-dev python3-libnvinfer \
      python3-pip python3-rosdep ros-humble-ros-base \
 && rm -rf /var/lib/apt/lists/*

# pycuda is compiled here, against the toolkit of the base image.
RUN PATH="/usr/local/cuda/bin:$PATH" \
    python3 -m pip install --no-cache-dir "numpy<2" onnxruntime pycuda

WORKDIR /ws
COPY package.xml src/lfm_ros/
RUN apt-get update \
 && rosdep init \
 && rosdep update --rosdistro "$ROS_DISTRO" \
 && rosdep install -y --from-paths src --ignore-src --rosdistro "$ROS_DISTRO" \
      --dependency-types=exec \
 && rm -rf /var/lib/apt/lists/*

COPY . src/lfm_ros/
RUN source "/opt/ros/$ROS_DISTRO/setup.bash" \
 && colcon build --packages-select lfm_ros

COPY docker/entrypoint.sh /entrypoint.sh
# Engines are built at the first start; a volume keeps them.
ENV LFM_CACHE_DIR=/cache
RUN mkdir -m 700 /cache
VOLUME /cache
ENTRYPOINT ["/entrypoint.sh"]
CMD ["ros2", "launch", "lfm_ros", "lifter.launch.py"]
