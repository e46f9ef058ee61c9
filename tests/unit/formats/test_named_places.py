"""What a configuration names is read without its secrets, or not at all."""

from __future__ import annotations

import pytest

from efface.formats.named_places import named_places

SAID = {
    "a PostgreSQL URL": ("postgresql://u:secret@db1/crm", ["database postgresql://db1:5432/crm"]),
    "another spelling": ("postgres://db1:6543/crm", ["database postgresql://db1:6543/crm"]),
    "a driver of SQLAlchemy": ("postgresql+psycopg2://db1:6543/crm", ["database postgresql://db1:6543/crm"]),
    "JDBC of MySQL": ("url: jdbc:mysql://DB/arc?password=secret&x=1", ["database mysql://db:3306/arc"]),
    "JDBC of SQL Server": (
        "jdbc:sqlserver://h:1433;user=sa;password=secret;databaseName=face",
        ["database mssql://h:1433/face"],
    ),
    "JDBC of Oracle": ("jdbc:oracle:thin:@ora:1521:ORCL", ["database oracle://ora:1521/ORCL"]),
    "keywords of libpq": (
        'connect("host=pg port=5433 dbname=crm password=secret")',
        ["database postgresql://pg:5433/crm"],
    ),
    "two settings": ("DB_HOST=10.0.0.9\nDB_PASSWORD=secret\nDB_NAME=faces", ["database database://10.0.0.9/faces"]),
    "a SQLite file": ('"sqlite:////srv/a/f.db"', ["database sqlite:////srv/a/f.db"]),
    "a camera": ("path: rtsp://admin:secret@192.0.2.20:554/ch1", ["device 192.0.2.20"]),
    "an interface of a device": ("http://admin:secret@192.0.2.21/ISAPI/System", ["device 192.0.2.21"]),
    "a terminal": ("zk = ZK('192.0.2.22', port=4370, password=1234)", ["device 192.0.2.22"]),
    "a bucket": ("s3://guests-2020/faces/", ["bucket s3://guests-2020"]),
    "a bucket by its host": (
        "https://guests.oss-cn-hangzhou.aliyuncs.com/x?Signature=secret",
        ["bucket oss://guests"],
    ),
    "a mount": ("      - ./faces:/data:ro", ["folder ./faces"]),
    "a mount in the long form": ("        source: /srv/faces", ["folder /srv/faces"]),
    "a folder of pictures": ('face_dir = "/srv/app/faces/"', ["folder /srv/app/faces"]),
}  # fmt: skip

NOT_TOLD = {
    "a comment": "# rtsp://192.0.2.20/ch1",
    "a comment of another language": "  // postgresql://db1/crm",
    "what is put in later": "postgresql://${USER}:${PASSWORD}@${HOST}/${NAME}",
    "a volume with a name": "  - faces:/data",
    "a variable in a path": "  - ${HOME}/faces:/data",
    "a site that is no device": "http://192.0.2.21/index.html",
    "two databases in settings": "DB_HOST=a\nDB_NAME=b\nMYSQL_HOST=c\nMYSQL_DATABASE=d",
    "a host alone": "DB_HOST=a",
    "an e-mail address": "mailto:rtsp@192.0.2.1",
}

ODD_PASSWORDS = (
    "postgresql://root:12345/x@db/crm",
    "postgresql://root:12345?x@db/crm",
    "postgresql://root:12345#x@db/crm",
    "mysql://root:12345,x@db/crm",
    "rtsp://admin:12345#x@192.0.2.20/ch1",
    "rtsp://admin:12345?x@192.0.2.20/ch1",
    "rtsp://admin:12345/x@192.0.2.20/ch1",
    "jdbc:oracle:thin:scott/12345@ora:1521:ORCL",
    "http://admin:12345/x@192.0.2.20/ISAPI",
    "upload_path = //admin:12345@192.0.2.30/share",
    "storage_dir: //admin/12345@192.0.2.30/share",
    "  - //admin/12345@192.0.2.30/share:/data",
    "sqlite:///12345@x",
)


@pytest.mark.parametrize(("text", "found"), SAID.values(), ids=SAID.keys())
def test_places_are_told_without_names_and_passwords(text: str, found: list[str]) -> None:
    """Scheme, host, port and the name of the database are all that is kept."""
    said = [f"{each.kind} {each.value}" for each in named_places(text.encode())]
    assert said == found
    assert "secret" not in str(said)
    assert "1234" not in str(said)


@pytest.mark.parametrize("text", NOT_TOLD.values(), ids=NOT_TOLD.keys())
def test_what_names_no_place_gives_none(text: str) -> None:
    """Nothing is guessed."""
    assert named_places(text.encode()) == ()


@pytest.mark.parametrize("text", ODD_PASSWORDS)
def test_part_of_a_password_is_never_taken_for_an_address(text: str) -> None:
    """A password with characters that end an address is left out with all of it, or cut off whole."""
    said = str(named_places(text.encode()))
    assert "12345" not in said
    assert "root" not in said
    assert "admin" not in said


def test_a_file_of_many_addresses_gives_no_more_than_32() -> None:
    """Each stands once, the first ones first."""
    text = "\n".join(f"rtsp://192.0.2.{n % 200}/x" for n in range(1000))
    found = named_places(text.encode())
    assert len(found) == len(set(found)) == 32


def test_bytes_that_are_no_text_give_nothing() -> None:
    """A long line is passed over, and bytes of another encoding are no fault."""
    assert named_places(b"\xff\xfe" * 3000) == ()
    assert named_places(b"x" * 5000 + b"rtsp://192.0.2.1/x") == ()
