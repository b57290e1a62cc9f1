"""Messages of a topic that are left out: others may have written there a thousand times, and one sentence tells it."""

import logging

_log = logging.getLogger("eventfold.bus")
_TOLD = {10**power for power in range(1, 10)}


class LeftOut:
    """Those of one reading of a topic.

    Args:
        topic: what it is called in sentences.
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._counts: dict[int, int] = {}

    def note(self, partition: int, offset: int, why: object) -> None:
        """Tells of the first of a partition, then of the tenth, of the hundredth, and so on.

        Args:
            partition: of the topic.
            offset: where the message stands.
            why: it is left out, as a sentence.
        """
        count = self._counts[partition] = self._counts.get(partition, 0) + 1
        if count == 1:
            _log.warning(
                "%s: what stands at offset %s of partition %s is left out: %s",
                self._topic,
                offset,
                partition,
                why,
            )
        elif count in _TOLD:
            _log.warning(
                "%s: %s messages of partition %s are left out so far, the last at offset %s: %s",
                *(self._topic, f"{count:,}", partition, offset, why),
            )
