"""What an active node listens to, and what is wrong with that which comes, or does not."""

from __future__ import annotations

from rclpy.node import Node

from lfm_ros.ros.complaints import Complaints
from lfm_ros.ros.depth_silence import DepthSilence
from lfm_ros.ros.inputs import Inputs
from lfm_ros.ros.parameters import LifterParameters
from lfm_ros.ros.pipeline import Pipeline
from lfm_ros.ros.silence import Silence
from lfm_ros.ros.statistics import Statistics
from lfm_ros.ros.topic_names import resolved

# What rclpy publishes for each node.
_EVERY_NODE = {"/parameter_events", "/rosout"}


class Reception:
    """The inputs of a node from its activation on.

    Args:
        node: Subscribes.
        pipeline: Takes the messages.
        settings: Topics and depth of the queue.
        statistics: Knows when detections came.
        complaints: Says what is wrong.

    Raises:
        MessageError: What should be a topic's name is none.
    """

    def __init__(
        self,
        node: Node,
        pipeline: Pipeline,
        settings: LifterParameters,
        statistics: Statistics,
        complaints: Complaints,
    ) -> None:
        self._node, self._pipeline, self._complaints = node, pipeline, complaints
        self._silence = Silence(node, pipeline.adapter.type_name, statistics)
        self._depth_silence: DepthSilence | None = None
        if settings.use_depth:
            self._depth_silence = DepthSilence(node, resolved(node, "depth"), pipeline.depth)
        self._inputs = Inputs(node, pipeline, settings, statistics)

    def close(self) -> None:
        """Unsubscribe."""
        self._inputs.close()

    def announcement(self) -> str:
        """What the node reads and publishes, as a sentence."""
        node, inputs = self._node, self._inputs
        read = {subscription.topic_name for subscription in node.subscriptions}
        beside = sorted(read - set(inputs.topics))
        written = sorted({publisher.topic_name for publisher in node.publishers} - _EVERY_NODE)
        return (
            f"reads {self._pipeline.adapter.type_name} from {', '.join(inputs.wanted)}, and "
            f"{', '.join(beside)}; publishes {', '.join(written)}"
        )

    def foreign_publishers(self) -> str:
        """Publishers of detections whose messages cannot arrive, because the type differs."""
        expected = self._pipeline.adapter.type_name
        for topic in self._inputs.topics:
            publishers = self._node.get_publishers_info_by_topic(topic)
            found = {info.topic_type for info in publishers} - {expected}
            if found:
                problem = (
                    f"{topic} is published as {', '.join(sorted(found))}, which input_type "
                    f"{expected} does not receive; set input_type, or remap keypoints to another "
                    "topic"
                )
                self._complaints.warn_once(problem)
                return problem
        return ""

    def problem(self, input_timeout: float) -> str:
        """Who should send detections or depth but does not, or what comes but does not fit.

        Args:
            input_timeout: Seconds of silence that are normal; 0: any.
        """
        silence = self._silence.problem(self._inputs.topics, input_timeout)
        if silence:
            return silence
        no_depth = self._depth_silence.problem() if self._depth_silence is not None else ""
        return self._pipeline.doubts.first or no_depth
