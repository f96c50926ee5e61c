# lfm_ros on a desktop or an x86-64 robot, ROS 2 Jazzy. From the checkout's root:
#   docker build -f docker/desktop.Dockerfile -t lfm_ros .
#   docker run --rm --network host lfm_ros
# For an RTX card, with NVIDIA's container toolkit on the host:
#   docker build -f docker/desktop.Dockerfile -t lfm_ros \
#     --build-arg RUNTIMES="onnxruntime tensorrt-rtx-cu13==1.7.1.116 cuda-python" .
#   docker run --rm --network host --gpus all -v lfm_cache:/cache lfm_ros
# docs/platforms.md says what of this was run by us.
FROM ros:jazzy

ARG RUNTIMES="onnxruntime"
SHELL ["/bin/bash", "-o", "pipefail", "-c"]

RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-pip \
 && rm -rf /var/lib/apt/lists/*

# apt's ROS 2 was compiled for numpy 1, hence the bound. It is a system of its own, so pip may write.
RUN python3 -m pip install --no-cache-dir --break-system-packages "numpy<2" ${RUNTIMES}

WORKDIR /ws
COPY package.xml src/lfm_ros/
RUN apt-get update \
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
