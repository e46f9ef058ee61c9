"""A form that is declared at a door holds there as it does for a file: what it does not know waits, at every door."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection
from typing import Any

import pytest
from fastapi import FastAPI, Request

from efface.cli.app import run
from efface.engines.kafka import Record
from efface.errors import UsageError
from efface.guard import Settings, schema
from efface.runs.exit_code import ExitCode
from efface.server import DoorOptions, GuardMiddleware, application
from efface.server.kafka import Stream, Topics
from efface.server.opening import open_door
from efface.testing.door_stream import send_all
from efface.testing.doors import http_door, icap_door
from efface.testing.submissions import clean_record

PENALTY = Settings(schema="cn-penalty")
RECORD = clean_record(schema("cn-penalty"), 1)
CLEAN = json.dumps(RECORD, ensure_ascii=False).encode()
UNKNOWN = json.dumps({**RECORD, "rlzp": "1"}, ensure_ascii=False).encode()
TOKEN = "a" * 200  # a long header, which is looked at and is no field of a form


def post(port: int, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST" if body else "GET", path, body or None, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


# -- the check endpoint ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def free() -> Iterator[int]:
    """A check endpoint that asks for no form of its own."""
    with http_door(application(DoorOptions(jobs=1))) as port:
        yield port


@pytest.fixture(scope="module")
def held() -> Iterator[int]:
    """A check endpoint for penalties."""
    with http_door(application(DoorOptions(PENALTY, jobs=1))) as port:
        yield port


ASKED = {
    "no form, an unknown field": (UNKNOWN, "", 200),
    "a form, its record": (CLEAN, "cn-penalty", 200),
    "a form, an unknown field": (UNKNOWN, "cn-penalty", 422),
    "another form": (CLEAN, "cn-licence", 422),
    "a form that is none": (CLEAN, "cn-nothing", 400),
    "a form by a path": (CLEAN, "../penalty", 400),
}


@pytest.mark.parametrize(("body", "form", "status"), ASKED.values(), ids=ASKED.keys())
def test_whoever_asks_can_name_a_form_that_is_known(free: int, body: bytes, form: str, status: int) -> None:
    """What the form does not know waits; a form that is not known is a mistake, and nothing is decided."""
    answer = post(free, "/check", body, {"X-Payload-Schema": form} if form else {})
    assert answer[0] == answer[1]["status"] == status
    assert ("door" in answer[1]) == (status != 400)


@pytest.mark.parametrize(
    ("body", "form", "status"), [(CLEAN, "", 200), (UNKNOWN, "", 422), (UNKNOWN, "cn-licence", 400)]
)
def test_whoever_asks_cannot_choose_another_form_than_the_door_s(
    held: int, body: bytes, form: str, status: int
) -> None:
    """The door's form holds for whoever names none, and naming another opens nothing."""
    assert post(held, "/check", body, {"X-Payload-Schema": form} if form else {})[0] == status


def test_the_forms_that_can_be_named_are_described(free: int) -> None:
    """OpenAPI lists them."""
    check = post(free, "/openapi.json", b"", {})[1]["paths"]["/check"]["post"]
    (header,) = [each for each in check["parameters"] if each["name"] == "x-payload-schema"]
    assert "cn-penalty" in header["schema"]["enum"]


# -- before a service ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def service() -> Iterator[int]:
    """A service behind the middleware, which takes penalties."""
    app = FastAPI()

    @app.api_route("/in", methods=["GET", "POST"])
    async def take(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    app.add_middleware(GuardMiddleware, options=DoorOptions(PENALTY, jobs=1))
    with http_door(app) as port:
        yield port


FORM = b"cf_wsh=1&cf_sy=%E6%97%A0"
MULTIPART = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.json"\r\n\r\n%b\r\n--b--\r\n'
KIND = {"Content-Type": "multipart/form-data; boundary=b"}
SENT = {
    "a record": (CLEAN, {}, 200),
    "an unknown field": (UNKNOWN, {}, 422),
    "a form of a page": (FORM, {}, 200),
    "a field of a page that is none": (FORM + b"&rlzp=1", {}, 422),
    "a file in a form": (MULTIPART % CLEAN, KIND, 200),
    "a file with an unknown field": (MULTIPART % UNKNOWN, KIND, 422),
    "a question without a body": (b"", {}, 200),
    "a question with a long header": (b"", {"X-Token": TOKEN}, 200),
    "a record behind a long header": (CLEAN, {"X-Token": TOKEN}, 200),
    "a document": (b"%PDF-1.4\n%%EOF\n", {}, 422),
}


@pytest.mark.parametrize(("body", "headers", "status"), SENT.values(), ids=SENT.keys())
def test_a_service_gets_only_what_its_form_knows(
    service: int, body: bytes, headers: dict[str, str], status: int
) -> None:
    """Bodies are held to the form; the head, and a request without a body, are no submission."""
    assert post(service, "/in", body, headers)[0] == status


# -- ICAP ------------------------------------------------------------------------------------------------


def test_a_proxy_is_told_by_the_form_and_a_reload_changes_it() -> None:
    """The tag changes with the form, so that proxies ask anew, and no connection is lost."""
    with icap_door(DoorOptions(PENALTY, jobs=1)) as door:
        tag = door.keeper.tag
        account = asyncio.run(send_all(door.port, [(CLEAN, False), (UNKNOWN, True)], 1))
        assert account.came_of == {("clean", "delivered"): 1, ("forbidden", "held"): 1}
        other = replace(PENALTY, schema="cn-licence")
        asyncio.run_coroutine_threadsafe(door.keeper.reload(other), door.loop).result(60)
        assert door.keeper.tag != tag
        account = asyncio.run(send_all(door.port, [(CLEAN, True)], 1))
    assert account.came_of == {("forbidden", "held"): 1}


def test_a_response_is_held_to_no_form() -> None:
    """What a service gives out is no submission: its pages pass, and its faces do not."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
    page = b"<p>hello</p>"
    message = (
        b"RESPMOD icap://127.0.0.1/respmod ICAP/1.0\r\nHost: h\r\nAllow: 204\r\n"
        b"Encapsulated: res-hdr=0, res-body=%d\r\n\r\n%b%x\r\n%b\r\n0\r\n\r\n"
        % (len(head), head, len(page), page)
    )

    async def ask(port: int) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(message)
        line = await reader.readline()
        writer.close()
        return line

    with icap_door(DoorOptions(PENALTY, jobs=1)) as door:
        assert asyncio.run(ask(door.port)).startswith(b"ICAP/1.0 204 ")


# -- a stream --------------------------------------------------------------------------------------------


class Topic:
    """A few records in, and what is written; a pipe of the port that `Stream` takes."""

    def __init__(self, *values: bytes | None) -> None:
        self._left = [Record("in", 0, at, TOKEN.encode(), value, (), 0) for at, value in enumerate(values)]
        self.out: list[Record] = []

    def take(self, most: int, wait_s: float) -> list[Record]:
        del wait_s
        taken, self._left = self._left[:most], self._left[most:]
        return taken

    def send(self, records: Any, done: Any) -> None:
        del done
        self.out += records

    def rewind(self, taken: Any) -> None:
        raise AssertionError(taken)


def test_a_stream_is_held_to_its_form() -> None:
    """An unknown field goes to the second topic, whole; a long key and a record without a value are no submission."""
    topic = Topic(CLEAN, UNKNOWN, None)

    async def work() -> None:
        async with open_door(DoorOptions(PENALTY, jobs=1)) as keeper:
            await Stream(keeper, topic, Topics("clean", "held")).step()

    asyncio.run(work())
    assert [(each.topic, each.value) for each in topic.out] == [
        ("clean", CLEAN),
        ("held", UNKNOWN),
        ("clean", None),
    ]


# -- at the start ----------------------------------------------------------------------------------------


def test_settings_know_their_form_or_are_none() -> None:
    """A form that is not known is refused before a door opens, and one that is survives the way to a process."""
    with pytest.raises(UsageError, match="cn-penalty"):
        Settings(schema="cn-nothing")
    assert Settings.from_message(PENALTY.message()).schema == "cn-penalty"


DOORS = {
    "HTTP": ("serve", "--port", "0"),
    "ICAP": ("icap", "--listen", "127.0.0.1:0"),
    "a stream": ("kafka", "--topic", "a", "--clean", "b", "--held", "c", "--group", "g"),
    "a file": ("check", "nothing.json"),
    "rows": ("watch", "postgresql://127.0.0.1/x", "--since-file", "p", "--table", "a.b"),
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS.keys())
def test_a_door_with_an_unknown_form_does_not_open(
    door: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, with the forms that there are."""
    assert run(["guard", *door, "--schema", "cn-nothing"]) == ExitCode.USAGE
    assert "cn-licence-old" in capsys.readouterr().err


def test_a_form_of_rows_is_that_of_named_tables(capsys: pytest.CaptureFixture[str]) -> None:
    """A whole database is no form."""
    words = ["guard", "watch", "postgresql://127.0.0.1/x", "--since-file", "p", "--schema", "cn-penalty"]
    assert run(words) == ExitCode.USAGE
    assert "--table" in capsys.readouterr().err
