"""A stream: what is forbidden reaches no clean topic, and each record comes out once whatever breaks.

`Broker` stands for a cluster whose transactions hold: it writes what is sent and the positions together or not at all.
The protocol itself is spoken with the brokers that librdkafka brings for tests. Those answer a transaction but keep
none apart, keep no positions that come by one, and end no older writer: these are held by `Broker` alone, and
nothing here was tried on a cluster.
"""

from __future__ import annotations

import asyncio
import base64
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from efface.cli.guard_kafka import kafka
from efface.engines.kafka import KafkaPipe, PipeLostError, Record
from efface.errors import AccessError, EffaceError, UsageError
from efface.guard import Answer
from efface.server.kafka import Stream, Topics
from efface.server.opening import DoorOptions, open_door
from efface.testing import records

FINGER = records.finger_minutiae_record(6)
TOPICS = Topics("clean", "held")


class Broker:
    """One topic in, two out, and the position; a pipe of the port that `Stream` takes."""

    def __init__(self, values: Sequence[bytes | None]) -> None:
        self.source = [
            Record("in", 0, at, b"k%d" % at, value, (), 1_000 + at) for at, value in enumerate(values)
        ]
        self.out: list[Record] = []
        self.committed = self.at = 0
        self.breaks: Iterator[str] = iter(())

    def take(self, most: int, wait_s: float) -> list[Record]:  # noqa: ARG002 - as the port has it
        taken = self.source[self.at : self.at + most]
        self.at += len(taken)
        return taken

    def send(self, records: Iterable[Record], done: Sequence[Record]) -> None:
        fault = next(self.breaks, "")
        if fault == "aborted":
            self.rewind(done)
            raise AccessError("the records cannot be written")
        if fault == "lost before":
            raise PipeLostError("lost")
        self.out += records
        self.committed = max(each.offset for each in done) + 1
        if fault == "lost after":
            raise PipeLostError("lost")

    def rewind(self, taken: Sequence[Record]) -> None:
        self.at = min(each.offset for each in taken)

    def restart(self) -> None:
        """What a new pipe of the same name does: begin at what is committed."""
        self.at = self.committed

    def values(self, topic: str) -> list[bytes | None]:
        return [each.value for each in self.out if each.topic == topic]


def moved(broker: Broker, most: int = 7, **options: Any) -> None:
    """Move everything, with a new stream whenever one is lost, as whoever runs it does."""

    async def run() -> None:
        async with open_door(DoorOptions(jobs=1, **options)) as keeper:
            while broker.committed < len(broker.source):
                try:
                    await Stream(keeper, broker, TOPICS, most=most).step()
                except PipeLostError:
                    broker.restart()
                except AccessError:
                    continue

    asyncio.run(run())


def mixed(count: int) -> list[bytes | None]:
    finger = base64.b64encode(FINGER).decode()
    return [b'{"id": %d, "bz": "%s"}' % (n, finger.encode() if n % 3 == 0 else b"none") for n in range(count)]


def test_what_may_pass_passes_unchanged_and_what_is_forbidden_does_not() -> None:
    """Key, value, headers and time stay; of a refused record only a receipt goes on."""
    broker = Broker([b'{"a": 1}', b'{"bz": "%s"}' % base64.b64encode(FINGER), None])
    broker.source[0] = replace(broker.source[0], headers=(("h", b"v"),))
    moved(broker)
    clean = [each for each in broker.out if each.topic == "clean"]
    assert [replace(each, topic="in") for each in clean] == [broker.source[0], broker.source[2]]
    (held,) = [each for each in broker.out if each.topic == "held"]
    assert dict(held.headers) == {"efface-door": b"refuse", "efface-source": b"in/0/1"}
    assert held.key is None
    assert base64.b64encode(FINGER)[:24] not in (held.value or b"")


@pytest.mark.parametrize("place", ["key", "header", "name"])
def test_a_template_beside_the_value_is_refused(place: str) -> None:
    """It can be hidden in the key, in a header and in a header's name."""
    broker = Broker([b'{"a": 1}'])
    text = base64.b64encode(FINGER)
    more: Any = {
        "key": {"key": FINGER},
        "header": {"headers": (("h", text),)},
        "name": {"headers": ((text.decode(), b""),)},
    }
    broker.source[0] = replace(broker.source[0], **more[place])
    moved(broker)
    assert broker.values("clean") == []
    assert len(broker.values("held")) == 1


def test_what_is_held_goes_on_whole_with_its_receipt() -> None:
    """A person can let it through afterwards."""
    broker = Broker([b"PK\x03\x04 damaged"])
    moved(broker)
    (held,) = broker.out
    assert (held.topic, held.value, held.key) == ("held", b"PK\x03\x04 damaged", b"k0")
    assert b'"quarantine"' in dict(held.headers)["efface-receipt"]


def test_each_record_comes_out_once_whatever_breaks() -> None:
    """Given up, lost before and lost after the end of a transaction, at random: no loss, no double, nothing forbidden."""
    drawn = random.Random(3)
    broker = Broker(mixed(120))
    broker.breaks = iter(drawn.choices(["", "aborted", "lost before", "lost after"], [4, 2, 2, 2], k=200))
    moved(broker)
    clean = [n for n in range(120) if n % 3]
    assert broker.values("clean") == [broker.source[n].value for n in clean]
    assert len(broker.out) == 120


def test_a_record_that_breaks_the_guard_is_held_and_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal for a fault of the guard must not cost a clean record."""
    monkeypatch.setenv("EFFACE_TEST_FAULTS", "raise=1")
    broker = Broker([b'{"a": 1}'])
    moved(broker, program="efface.testing.faulty_guard")
    assert [(each.topic, each.value) for each in broker.out] == [("held", b'{"a": 1}')]


def test_a_stream_that_cannot_be_put_on_record_stands_still() -> None:
    """A lost ledger lets nothing through and loses nothing: the records come again."""
    broker = Broker([b'{"a": 1}', b'{"b": 1}'])

    async def run() -> None:
        async with open_door(DoorOptions(jobs=1)) as keeper:
            stream = Stream(keeper, broker, TOPICS)

            async def decide(*_arguments: object) -> object:
                return replace(
                    await keeper.fault("kafka", "unrecorded"), answer=Answer.undecided("unrecorded")
                )

            sound, keeper.decide = keeper.decide, decide  # type: ignore[method-assign, assignment]
            for _ in range(2):
                with pytest.raises(AccessError):
                    await stream.step()
                assert (broker.out, broker.at, broker.committed) == ([], 0, 0)
            keeper.decide = sound  # type: ignore[method-assign]
            assert await stream.step() == 2

    asyncio.run(run())
    assert broker.values("clean") == [b'{"a": 1}', b'{"b": 1}']


def test_a_stream_ends_when_told_and_goes_on_after_a_pause() -> None:
    """A broker that does not answer costs a pause; a stop ends it between two transactions."""
    broker = Broker([b'{"a": 1}'])
    broker.breaks = iter(["aborted"])

    async def run() -> None:
        async with open_door(DoorOptions(jobs=1)) as keeper:
            stop = asyncio.Event()
            task = asyncio.create_task(Stream(keeper, broker, TOPICS).run(stop))
            while not broker.out:  # noqa: ASYNC110 - the broker offers nothing to wait for
                await asyncio.sleep(0.05)
            stop.set()
            await asyncio.wait_for(task, 30)

    asyncio.run(run())
    assert broker.values("clean") == [b'{"a": 1}']


# -- over the protocol -----------------------------------------------------------------------------------


@pytest.fixture
def cluster() -> Iterator[tuple[str, Any]]:
    """Address of brokers of librdkafka for tests, and the library."""
    library = pytest.importorskip("confluent_kafka")
    host = library.Producer({"bootstrap.servers": "x", "test.mock.num.brokers": 3, "log_level": 0})
    yield (
        ",".join(f"{each.host}:{each.port}" for each in host.list_topics(timeout=30).brokers.values()),
        library,
    )
    host.flush(1)


def put(address: str, library: Any, values: Sequence[bytes]) -> None:
    producer = library.Producer({"bootstrap.servers": address, "log_level": 0})
    for number, value in enumerate(values):
        producer.produce(
            "in", value, key=b"k%d" % number, headers=[("n", b"%d" % number)], partition=number % 2
        )
    assert producer.flush(30) == 0


def got(address: str, library: Any, topic: str, count: int) -> list[Any]:
    """Read a topic as its readers do, a little longer than until all that is expected is there."""
    reader = library.Consumer(
        {"bootstrap.servers": address, "group.id": f"r-{topic}", "isolation.level": "read_committed",
         "auto.offset.reset": "earliest", "log_level": 0}
    )  # fmt: skip
    reader.subscribe([topic])
    found: list[Any] = []
    end = time.monotonic() + 30
    while time.monotonic() < end and len(found) < count:
        found += [each for each in reader.consume(100, 0.5) if each.error() is None]
    found += [each for each in reader.consume(100, 1.0) if each.error() is None]
    reader.close()
    return found


QUICK = {"session.timeout.ms": "6000"}


def test_a_stream_over_the_protocol(cluster: tuple[str, Any]) -> None:
    """In, clean and held, with keys, headers and partitions as they were."""
    address, library = cluster
    values = [value for value in mixed(30) if value is not None]
    put(address, library, values)

    async def run() -> int:
        count = 0
        async with open_door(DoorOptions(jobs=1)) as keeper:
            pipe = KafkaPipe(address, "in", "g", "t", QUICK)
            stream = Stream(keeper, pipe, TOPICS, most=10)
            end = time.monotonic() + 60
            while count < len(values) and time.monotonic() < end:
                count += await stream.step()
            pipe.close()
        return count

    assert asyncio.run(run()) == len(values)
    clean = got(address, library, "clean", 20)
    expected = [n for n in range(30) if n % 3]
    assert sorted(each.value() for each in clean) == sorted(values[n] for n in expected)
    assert all(each.key() == b"k" + dict(each.headers())["n"] for each in clean)
    assert all(each.partition() == int(dict(each.headers())["n"]) % 2 for each in clean)
    assert len(got(address, library, "held", 10)) == 10


def test_what_is_not_committed_comes_again(cluster: tuple[str, Any]) -> None:
    """To the pipe that goes back, and to the next one when one dies between taking and sending."""
    address, library = cluster
    put(address, library, [b"a", b"b"])

    def taken(pipe: KafkaPipe) -> list[Record]:
        found: list[Record] = []
        end = time.monotonic() + 30
        while len(found) < 2 and time.monotonic() < end:
            found += pipe.take(10, 0.5)
        return found

    first = KafkaPipe(address, "in", "g", "t", QUICK)
    both = taken(first)
    first.rewind(both)
    assert sorted(each.value or b"" for each in taken(first)) == [b"a", b"b"]
    first.close()
    second = KafkaPipe(address, "in", "g", "t", QUICK)
    assert sorted(each.value or b"" for each in taken(second)) == [b"a", b"b"]
    second.close()


class Library:
    """A producer and a consumer whose transactions end as told, and what they were asked."""

    def __init__(self, library: Any, **faults: list[Any]) -> None:
        self.KafkaException, self.TopicPartition = library.KafkaException, library.TopicPartition
        self._faults, self.asked = faults, list[str]()

    def __getattr__(self, name: str) -> Any:
        def asked(*arguments: Any, **_named: Any) -> None:
            self.asked.append(name)
            fault = (self._faults.get(name) or [None]).pop(0)
            if fault is not None:
                raise self.KafkaException(fault)

        return asked


def pipe_of(fake: Library) -> KafkaPipe:
    pipe = object.__new__(KafkaPipe)
    pipe._library = pipe._producer = pipe._consumer = fake
    pipe._topic, pipe._metadata, pipe._counts = "in", None, {"in": 1, "clean": 1}
    return pipe


TAKEN = [Record("in", 0, 4, None, b"a"), Record("in", 0, 5, None, b"b")]


def ended(error: dict[str, Any], at: str, times: int = 1, **more: list[Any]) -> tuple[Library, Any]:
    library = pytest.importorskip("confluent_kafka")
    fault = library.KafkaError(library.KafkaError._STATE, "r", **error)
    fake = Library(library, **{at: [fault] * times + [None] * 9}, **more)
    with pytest.raises(AccessError) as told:
        pipe_of(fake).send([replace(each, topic="clean") for each in TAKEN], TAKEN)
    return fake, told.value


@pytest.mark.parametrize(
    "at", ["begin_transaction", "produce", "send_offsets_to_transaction", "commit_transaction"]
)
def test_a_transaction_that_fails_is_given_up_and_its_records_come_again(at: str) -> None:
    """At whatever step; the error quotes nothing of the library's."""
    fake, told = ended({"txn_requires_abort": True}, at)
    assert not isinstance(told, PipeLostError)
    assert fake.asked[-2:] == ["abort_transaction", "seek"]


def test_a_transaction_whose_end_nobody_knows_is_no_transaction_given_up() -> None:
    """It may have been written: only a new pipe, which begins at what is committed, may go on."""
    for error, times in (({"fatal": True}, 1), ({"retriable": True}, 9)):
        fake, told = ended(error, "commit_transaction", times)
        assert isinstance(told, PipeLostError)
        assert "seek" not in fake.asked


def test_a_commit_that_may_be_asked_again_is() -> None:
    """A broker that moved costs no records and no second try of them."""
    library = pytest.importorskip("confluent_kafka")
    fault = library.KafkaError(library.KafkaError._STATE, "r", retriable=True)
    fake = Library(library, commit_transaction=[fault, fault, None])
    pipe_of(fake).send([], TAKEN)
    assert fake.asked.count("commit_transaction") == 3
    assert "abort_transaction" not in fake.asked


# -- usage -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["isolation.level", "enable.auto.commit", "transactional.id", "group.id"])
def test_settings_that_would_lose_or_double_records_are_refused(name: str) -> None:
    """Whoever sets them would be promised what does not hold."""
    with pytest.raises(UsageError):
        KafkaPipe("127.0.0.1:1", "in", "g", "t", {name: "x"})


def test_topics_flags_and_files_that_do_not_fit_are_refused(tmp_path: Any) -> None:
    """A topic that is read and written is a circle; a file of passwords is its owner's."""
    with pytest.raises(UsageError):
        kafka(topic="a", clean="a", held="b", group="g")
    for text, mode in (("sasl.password=x\n", 0o644), ("nothing\n", 0o600)):
        (tmp_path / "p").write_text(text)
        (tmp_path / "p").chmod(mode)
        with pytest.raises(EffaceError):
            kafka(topic="a", clean="b", held="c", group="g", properties=tmp_path / "p")


def test_a_setting_that_nobody_knows_is_a_mistake_of_usage() -> None:
    """And not a stream that stands still for ever."""
    pytest.importorskip("confluent_kafka")
    with pytest.raises(UsageError):
        KafkaPipe("127.0.0.1:1", "in", "g", "t", {"no.such.setting": "x"})
