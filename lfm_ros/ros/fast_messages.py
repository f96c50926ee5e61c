"""Messages of one kind, as bytes from a template where that works and as objects where not."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from rclpy.serialization import deserialize_message, serialize_message

from lfm_ros.ros.cdr import Blank, Numbers, Template, TemplateError

Style = TypeVar("Style", bound=Hashable)

# Cameras, rigs with and without edges: few styles are in use at a time.
_REMEMBERED = 8
_SENTINEL_ROWS = 32
_TESTED_ROWS = (1, 2, 45)


@dataclass(frozen=True)
class Part:
    """Numbers of a message that change from frame to frame.

    Attributes:
        dtype: As the message has them, little-endian.
        shape: Of all of them, or of one row if they are a sequence.
        sequence: Whether there may be more or fewer rows in the next message.
        times: How often they stand in the message.
    """

    dtype: str
    shape: tuple[int, ...] = ()
    sequence: bool = False
    times: int = 1

    def random(self, random: np.random.Generator, rows: int) -> Numbers:
        """Random numbers, if a sequence with so many rows."""
        shape = (rows, *self.shape) if self.sequence else self.shape
        kind = np.dtype(self.dtype)
        if kind.kind == "f":
            return random.standard_normal(shape).astype(kind)
        low, high = (0, 256) if kind.itemsize == 1 else (1 << 20, 1 << 28)
        return random.integers(low, high, shape).astype(kind)


class FastMessages(Generic[Style]):
    """Makes what ``publish`` takes: bytes, or a message.

    What a message contains is said by ``build`` alone. The template is made of a message that
    ``build`` made, and tested against others before it is used.

    Args:
        build: The message of a style (all that is not a number) and of its numbers.
        parts: What the numbers are, by name.
        enabled: False: every message is an object.
        tell: Called once with a sentence if there can be no template.
    """

    def __init__(
        self,
        build: Callable[[Style, Mapping[str, Numbers]], Any],
        parts: Mapping[str, Part],
        *,
        enabled: bool = True,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.enabled = enabled
        self._build, self._parts, self._tell = build, dict(parts), tell
        self._templates: OrderedDict[Style, Template] = OrderedDict()

    def message(self, style: Style, numbers: Mapping[str, Numbers]) -> Any:
        """The message, as bytes or as an object; both say the same.

        Args:
            style: Which parts there are must follow from it.
            numbers: Those parts that the message has.
        """
        # Nothing is aligned in front of a sequence without elements, so no template has one.
        if self.enabled and all(map(len, numbers.values())):
            template = self._templates.get(style) or self._made(style, numbers)
            if template is not None:
                return template.filled(numbers)
        return self._build(style, numbers)

    def _made(self, style: Style, numbers: Mapping[str, Numbers]) -> Template | None:
        parts = {name: self._parts[name] for name in numbers}
        try:
            template = make_template(lambda given: self._build(style, given), parts)
        except TemplateError as error:
            self.enabled = False
            self._tell(f"messages are made as Python objects, which is slower: {error}")
            return None
        self._templates[style] = template
        while len(self._templates) > _REMEMBERED:
            self._templates.popitem(last=False)
        return template


def make_template(
    build: Callable[[Mapping[str, Numbers]], Any], parts: Mapping[str, Part]
) -> Template:
    """A template of the messages that ``build`` makes, tested against some of them.

    Args:
        build: The message of some numbers.
        parts: What the numbers are.

    Raises:
        TemplateError: There can be none, or it does not say what the messages say.
    """
    random = np.random.default_rng(0)
    sentinels = {name: part.random(random, _SENTINEL_ROWS) for name, part in parts.items()}
    blanks = {
        name: Blank(sentinels[name], part.times, part.sequence) for name, part in parts.items()
    }
    sample = build(sentinels)
    template = Template(serialize_message(sample), blanks)
    for rows in _TESTED_ROWS:
        numbers = {name: part.random(random, rows) for name, part in parts.items()}
        if deserialize_message(template.filled(numbers), type(sample)) != build(numbers):
            raise TemplateError(
                f"the template of {type(sample).__name__} does not say what its message says"
            )
    return template
