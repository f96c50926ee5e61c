"""One run of the demo from the first process to the last."""

from __future__ import annotations

import json
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lfm_ros.core.errors import LfmError
from lfm_ros.demo.graph import private_graph
from lfm_ros.demo.processes import Processes
from lfm_ros.demo.requirements import HOST, check_requirements
from lfm_ros.demo.settings import DemoOptions, Plan, make_plan
from lfm_ros.demo.summary import Summary, engine_text, status_line, summarize, summary_text
from lfm_ros.demo.terminal import StatusLine
from lfm_ros.demo.watch import Watch
from lfm_ros.signals import Signals

if TYPE_CHECKING:
    from lfm_ros.ros.monitor import Monitor

_START_SECONDS = 30.0
_TRANSITION_SECONDS = 15.0
_END_SECONDS = 5.0
# After the last frame: for the answers that are under way, and for the node's last diagnostics.
_STRAGGLER_SECONDS = 2.0
_DIAGNOSTICS_SECONDS = 1.2
_LOOK_SECONDS = 0.1
_LINE_SECONDS = 1.0


class _Interrupted(Exception):  # noqa: N818  (it is no error)
    """A signal came."""


def run_demo(options: DemoOptions) -> int:
    """Run the demo.

    Returns:
        0 if at least 95 % of the frames came back with valid markers and everything ended well;
        after Ctrl-C 0 too, if there was no other way to end it. 1 if not. 130 (or 128 and the
        signal's number) if it was interrupted before the end that was asked for.

    Raises:
        LfmError: It could not be started, or a process of it ended too early.
    """
    options, shortfalls = check_requirements(options)
    line = StatusLine()
    for sentence in shortfalls:
        line.say(sentence)
    with Signals() as signals, tempfile.TemporaryDirectory(prefix="lfm_demo_") as name:
        folder = Path(name)
        plan = make_plan(options, folder)
        for sentence in plan.notes:
            line.say(sentence)
        with private_graph(folder) as domain:
            line.say(f"ROS graph: domain {domain}, this computer only")
            summary = _Session(options, plan, folder, signals, line).run()
    if summary is not None:
        line.say(summary_text(summary))
        _write(options.report, summary)
    return _exit_status(options, summary, signals.number)


def _exit_status(options: DemoOptions, summary: Summary | None, number: int) -> int:
    endless = options.seconds is None and options.data is None
    if number and not (number == signal.SIGINT and endless and summary is not None):
        return 128 + number
    if number:
        return 0
    return 0 if summary is not None and summary.enough and not summary.problems else 1


def _write(report: Path | None, summary: Summary) -> None:
    if report is None:
        return
    try:
        report.write_text(json.dumps(summary.as_dict(), indent=2) + "\n")
    except OSError as error:
        raise LfmError(f"{report} cannot be written: {error.strerror}") from error


class _Session:
    """The processes, what is heard of them, and what is shown of it."""

    def __init__(
        self, options: DemoOptions, plan: Plan, folder: Path, signals: Signals, line: StatusLine
    ) -> None:
        self._options, self._plan = options, plan
        self._signals, self._line = signals, line
        self._processes = Processes(folder, lambda: signals.impatient)
        self._watch = Watch(plan.rigs, plan.min_confidence, plan.min_keypoints)
        self._problems: list[str] = []
        self._is_over = False

    def run(self) -> Summary | None:
        """Start everything, play, end everything.

        Returns:
            What was found; None if a signal came before the first frame.
        """
        with self._processes:
            lifter = self._processes.start("lifter", "lfm_ros.ros.node", self._plan.lifter)
            if self._options.viewer:
                self._processes.start("viewer", "lfm_ros.ros.viewer_node", self._plan.viewer)
            summary = self._listen()
            if summary is None:
                return None
            complaints = list(dict.fromkeys(lifter.complaints()))
        return replace(summary, complaints=complaints, problems=self._problems)

    def _listen(self) -> Summary | None:
        from lfm_ros.ros.monitor import listening

        with listening(self._watch) as monitor:
            try:
                self._bring_up(monitor)
                if self._options.viewer:
                    self._await_viewer()
                self._processes.start("player", "lfm_ros.ros.player", self._plan.player)
                began = self._await_first_frame()
                self._play(began)
            except _Interrupted:
                self._bring_down(monitor)
                return None
            seconds = time.monotonic() - began
            self._problems += [
                f"{name} had to be killed" for name in self._processes.stop("player")
            ]
            self._await_stragglers()
            expected = self._plan.frames if self._is_over else None
            summary = summarize(
                self._watch.ledger,
                self._watch.compare(),
                self._watch.status,
                expected=expected,
                seconds=seconds,
            )
            self._bring_down(monitor)
        return summary

    def _bring_up(self, monitor: Monitor) -> None:
        monitor.lifecycle.wait(_START_SECONDS, self._look)
        states = [monitor.lifecycle.state(_TRANSITION_SECONDS, self._look)]
        for transition in ("configure", "activate"):
            try:
                state = monitor.lifecycle.change(transition, _TRANSITION_SECONDS, self._look)
            except LfmError as error:
                raise LfmError(
                    f"{error}; its last lines:\n{self._processes.tail('lifter')}"
                ) from None
            states.append(state)
        self._line.say(f"lifter: {' -> '.join(states)}")

    def _await_viewer(self) -> None:
        address = f"http://{HOST}:{self._options.port}"
        if self._until(lambda: _answers(self._options.port), _START_SECONDS):
            self._line.say(f"viewer: {address}")
        else:
            self._problems.append(f"the viewer did not open {address}")

    def _await_first_frame(self) -> float:
        if not self._until(lambda: self._watch.ledger.tally().played > 0, _START_SECONDS):
            tail = self._processes.tail("player")
            raise LfmError(f"the player played nothing for {_START_SECONDS:g} s:\n{tail}")
        self._line.say(f"engine: {engine_text(self._watch.status)}")
        return time.monotonic()

    def _play(self, began: float) -> None:
        """Watch until the time is over, the recording is, or somebody ends it."""
        shown = began
        while not self._signals.number:
            now = time.monotonic()
            if self._options.seconds is not None and now - began >= self._options.seconds:
                return
            self._processes.check("player")
            if self._processes.status("player") is not None:
                self._is_over = True
                return
            if now - shown >= _LINE_SECONDS:
                shown += _LINE_SECONDS
                self._show(now - began)
            self._signals.wait(_LOOK_SECONDS)

    def _show(self, seconds: float) -> None:
        watch = self._watch
        now = time.monotonic()
        self._line.show(status_line(seconds, now, watch.ledger, watch.compare(), watch.status))

    def _await_stragglers(self) -> None:
        deadline = time.monotonic() + _STRAGGLER_SECONDS
        while self._watch.ledger.waiting and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
        if not self._signals.impatient:
            time.sleep(_DIAGNOSTICS_SECONDS)

    def _bring_down(self, monitor: Monitor) -> None:
        """End the node by its services; what fails is told, and the processes end anyhow."""
        try:
            states = [monitor.lifecycle.state(_END_SECONDS, self._hurry)]
            first = {"active": 0, "inactive": 1}.get(states[0], 2)
            for transition in ("deactivate", "cleanup", "shutdown")[first:]:
                states.append(monitor.lifecycle.change(transition, _END_SECONDS, self._hurry))
            self._line.say(f"lifter: {' -> '.join(states)}")
        except LfmError as error:
            self._problems.append(str(error))
        except _Interrupted:
            self._problems.append("interrupted while the node was shutting down")

    def _until(self, condition: Callable[[], bool], patience: float) -> bool:
        deadline = time.monotonic() + patience
        while not condition():
            if time.monotonic() > deadline:
                return False
            self._look()
            time.sleep(_LOOK_SECONDS)
        return True

    def _look(self) -> None:
        """Between two steps: does everything run, and shall it go on?"""
        if self._signals.number:
            raise _Interrupted
        self._processes.check()

    def _hurry(self) -> None:
        if self._signals.impatient:
            raise _Interrupted


def _answers(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((HOST, port)) == 0
