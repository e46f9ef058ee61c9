"""Take records from one topic of Kafka and write others, with the positions of those that were taken, all or nothing.

The positions of what was taken are part of the transaction that writes: after a crash at any point either both are
there or neither. A reader that reads only what is committed sees each record once.

Source: Apache Kafka, KIP-98 (transactions) and KIP-447 (a group's generation fences); librdkafka, "Transactional
producer".
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from efface.errors import AccessError, UnsupportedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["KafkaPipe", "PipeLostError", "Record"]

_OURS = frozenset(
    (
        "bootstrap.servers",
        "enable.auto.commit",
        "enable.auto.offset.store",
        "enable.idempotence",
        "group.id",
        "isolation.level",
        "transactional.id",
    )
)
"""What makes a record come out once: nobody else sets these."""
_ANSWER_S = 30.0
_COMMITS = 4
_LOOKING_MS = 3_600_000  # one batch of pictures may take long
_LARGEST_BYTES = 64 << 20


class PipeLostError(AccessError):
    """The pipe cannot go on: another one with its name took its place, or it is broken. A new one can."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a topic.

    Attributes:
        topic: Its topic.
        partition: Its partition; -1 to have the key choose.
        offset: Its place in the partition, or -1 where it has none yet.
        key: Its key.
        value: Its value; None deletes what has the key.
        headers: Names and values.
        at_ms: Its time, in milliseconds since the epoch, or 0.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    at_ms: int = 0


class KafkaPipe:
    """One member of a group that reads a topic, with the right to write under a name; for one thread at a time.

    Args:
        brokers: HOST:PORT, several with commas.
        topic: The topic that is read.
        group: The group, whose positions these are.
        name: Name of the transactions: a later pipe of the same name ends this one's right to write.
        more: Further settings of librdkafka, for TLS and passwords.

    Raises:
        UnsupportedError: The library is not installed.
        UsageError: A setting is not known or not to be set.
        AccessError: No broker answers.
    """

    def __init__(
        self, brokers: str, topic: str, group: str, name: str, more: Mapping[str, str] | None = None
    ) -> None:
        taken = sorted(_OURS & set(more or {}))
        if taken:
            raise UsageError(f"not to be set: {', '.join(taken)}")
        try:
            import confluent_kafka  # noqa: PLC0415 - an extra
        except ImportError:
            raise UnsupportedError("Kafka: install efface[kafka]") from None
        self._library: Any = confluent_kafka
        self._topic, self._metadata, self._counts = topic, None, dict[str, int]()
        common = {**(more or {}), "bootstrap.servers": brokers, "log_level": 0}
        reading = {
            "group.id": group,
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            "max.poll.interval.ms": _LOOKING_MS,
        }
        writing = {"transactional.id": name, "enable.idempotence": True, "message.max.bytes": _LARGEST_BYTES}
        self._consumer: Any = None
        try:
            self._producer: Any = confluent_kafka.Producer(common | writing)
            self._producer.init_transactions(_ANSWER_S)  # ends what a dead one of the same name left open
            self._consumer = confluent_kafka.Consumer(common | reading)
            self._consumer.subscribe([topic])
        except confluent_kafka.KafkaException as error:
            self.close()
            wrong = error.args[0].code() in {
                confluent_kafka.KafkaError._INVALID_ARG,  # noqa: SLF001 - the library's names for its own errors
                confluent_kafka.KafkaError._UNKNOWN_PROTOCOL,  # noqa: SLF001
            }
            if wrong:
                raise UsageError("a setting of Kafka is not known or has no such value") from None
            raise _said(error, "no broker lets the guard write") from None

    def take(self, most: int, wait_s: float) -> list[Record]:
        """Return the next records, in order within each partition; none where none came in time.

        Raises:
            AccessError: They cannot be read.
        """
        messages = self._consumer.consume(most, wait_s)
        for message in messages:
            if message.error() is not None:
                self.rewind([_record(each) for each in messages if each.error() is None])
                raise AccessError(f"the topic cannot be read ({message.error().name()})")
        # Taken now: if the partitions go to another member before the end, the group's generation tells.
        self._metadata = self._consumer.consumer_group_metadata()
        return [_record(message) for message in messages]

    def send(self, records: Iterable[Record], done: Sequence[Record]) -> None:
        """Write records, and that others are done, in one transaction.

        Args:
            records: What is written.
            done: All that the last `take` returned.

        Raises:
            AccessError: Nothing was written; what was taken comes again.
            PipeLostError: It is open whether it was written; a new pipe finds out.
        """
        try:
            self._producer.begin_transaction()
            for record in records:
                self._write(record)
            self._producer.send_offsets_to_transaction(self._after(done), self._metadata, _ANSWER_S)
            self._commit()
        except self._library.KafkaException as error:
            self._undo(error, done)

    def rewind(self, taken: Sequence[Record]) -> None:
        """Have what was taken come again."""
        for (topic, partition), offset in _ends(taken, min).items():
            with suppress(self._library.KafkaException):  # the partition is another member's now
                self._consumer.seek(self._library.TopicPartition(topic, partition, offset))

    def close(self) -> None:
        """Leave the group; what is not committed is not written."""
        if self._consumer is not None:
            self._consumer.close()

    def _write(self, record: Record) -> None:
        given = {
            "key": record.key,
            "headers": list(record.headers) or None,
            "partition": record.partition if self._has_as_many(record.topic) else -1,
            "timestamp": record.at_ms,
        }
        while True:
            try:
                self._producer.produce(record.topic, record.value, **given)
            except BufferError:
                self._producer.poll(0.1)
            else:
                return

    def _has_as_many(self, topic: str) -> bool:
        """Return whether a topic has as many partitions as the one that is read."""
        for each in {topic, self._topic} - set(self._counts):
            found = self._producer.list_topics(each, timeout=_ANSWER_S).topics[each]
            if found.error is not None:
                raise self._library.KafkaException(found.error)
            self._counts[each] = len(found.partitions)
        return self._counts[topic] == self._counts[self._topic]

    def _after(self, done: Sequence[Record]) -> list[Any]:
        return [
            self._library.TopicPartition(topic, partition, offset + 1)
            for (topic, partition), offset in _ends(done, max).items()
        ]

    def _commit(self) -> None:
        for left in reversed(range(_COMMITS)):
            try:
                self._producer.commit_transaction(_ANSWER_S)
            except self._library.KafkaException as error:
                if not (left and error.args[0].retriable()):
                    raise
            else:
                return

    def _undo(self, error: Any, done: Sequence[Record]) -> None:  # noqa: ANN401 - the library's error
        told = error.args[0]
        if told.fatal() or told.retriable():  # asked often enough: nobody knows
            raise PipeLostError(f"the transaction's end is not known ({told.name()})") from None
        try:
            self._producer.abort_transaction(_ANSWER_S)
        except self._library.KafkaException as again:
            raise PipeLostError(f"the transaction cannot be ended ({again.args[0].name()})") from None
        self.rewind(done)
        raise _said(error, "the records cannot be written") from None


def _record(message: Any) -> Record:  # noqa: ANN401 - the library's message
    kind, at_ms = message.timestamp()
    return Record(
        message.topic(),
        message.partition(),
        message.offset(),
        message.key(),
        message.value(),
        tuple(message.headers() or ()),
        at_ms if kind else 0,
    )


def _ends(records: Sequence[Record], end: Any) -> dict[tuple[str, int], int]:  # noqa: ANN401 - min or max
    found: dict[tuple[str, int], int] = {}
    for each in records:
        place = (each.topic, each.partition)
        found[place] = end(found.get(place, each.offset), each.offset)
    return found


def _said(error: Any, what: str) -> AccessError:  # noqa: ANN401 - the library's error
    """Return an error in our words: the library's may hold addresses and names of users."""
    return AccessError(f"{what} ({error.args[0].name()})")
