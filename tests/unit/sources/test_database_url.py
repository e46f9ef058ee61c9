"""Addresses of databases: what is taken, what is refused, what a locator shows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efface.engines.database import Rows
from efface.errors import UsageError
from efface.model import Locator
from efface.sources.database_url import (
    column_of,
    environment_of,
    fragment_of,
    is_database,
    parse_address,
    rows_of,
)

CLAIMED = {
    "a PostgreSQL server": ("postgresql://db/shop", True),
    "its older name": ("postgres://db/shop", True),
    "a MySQL server": ("mysql://db", True),
    "a MariaDB server": ("mariadb://db/shop", True),
    "another system with a driver": ("oracle+oracledb://db/?service_name=x", True),
    "SQLite by a driver": ("sqlite+pysqlite:////data/x.db", True),
    "an SQLite file stays a file": ("sqlite:////data/x.db", False),
    "a path": ("/data/x.db", False),
    "standard input": ("-", False),
    "an object store": ("s3://bucket/prefix", False),
    "a repository over a protocol": ("git+ssh://host/repository", False),
    "a page": ("https://host/", False),
    "an unknown scheme": ("gopher://host/selector", False),
}


@pytest.mark.parametrize("case", CLAIMED)
def test_a_target_is_a_database_by_its_scheme(case: str) -> None:
    """Only addresses of database servers, and of what SQLAlchemy reads by a driver, are taken."""
    target, expected = CLAIMED[case]
    assert is_database(target) is expected


SHOWN = {
    "port and host are as the server has them": (
        "postgresql://DB.example/shop",
        "postgresql://db.example:5432/shop",
    ),
    "a user is not shown": ("postgresql://ann@db:5433/shop", "postgresql://db:5433/shop"),
    "TLS parameters are not shown": ("postgresql://db/shop?sslmode=require", "postgresql://db:5432/shop"),
    "both names of MariaDB are one place": ("mariadb://db/shop", "mysql://db:3306/shop"),
    "a whole MySQL server": ("mysql://db/", "mysql://db:3306"),
    "a socket's folder": ("postgresql:///shop?host=/run/pg", "postgresql://%5B/run/pg%5D:5432/shop"),
    "an address of IPv6": ("mysql://[::1]/shop", "mysql://%5B::1%5D:3306/shop"),
    "what names an Oracle database": (
        "oracle+oracledb://db/?service_name=x",
        "oracle://db:1521;service_name=x",
    ),
    "a file by a driver": ("sqlite+pysqlite:////data/x.db", "sqlite+pysqlite:////data/x.db"),
}


@pytest.mark.parametrize("case", SHOWN)
def test_a_locator_shows_the_place_only(case: str) -> None:
    """The same database has the same locator, whoever reads it and however it is protected."""
    target, expected = SHOWN[case]
    assert parse_address(target).locator.uri == expected
    assert Locator.parse(expected) == parse_address(target).locator


REFUSED = {
    "a password before the host": "postgresql://ann:geheim@db/shop",
    "an empty password": "postgresql://ann:@db/shop",
    "a password among the parameters": "mysql://db/shop?password=geheim",
    "a password of a key": "postgresql://db/shop?sslpassword=geheim",
    "a token": "snowflake+x://db/shop?token=geheim",
    "a whole connection string": "mssql+pyodbc://?odbc_connect=PWD%3Dgeheim",
    "a port that is none": "postgresql://db:geheim/shop",
    "no database": "postgresql://db",
    "an unknown parameter": "postgresql://db/shop?geheim=1",
    "server settings, which could make the session write": "postgresql://db/shop?options=-c%20x%3Don",
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_dangerous_or_unclear_is_refused(case: str) -> None:
    """A password in an argument is refused, and no refusal repeats it."""
    with pytest.raises(UsageError) as caught:
        parse_address(REFUSED[case])
    said = caught.value.diagnostics()
    if "parameter" not in said.happened:
        assert "geheim" not in said.happened + said.to_do


@given(st.text(min_size=1, max_size=9), st.text(min_size=1, max_size=9), st.booleans())
@settings(derandomize=True, max_examples=80)
def test_any_name_of_a_table_comes_back_from_its_place(schema: str, table: str, in_range: bool) -> None:
    """Dots, slashes, semicolons and signs in names do not lead to another table."""
    for rows in (Rows("17", 3, 9) if in_range else Rows(drawn=5), Rows(is_view=True)):
        assert rows_of(fragment_of(schema, table, rows)) == (schema, table, rows)


@given(st.text(min_size=1, max_size=9), st.text(min_size=1, max_size=9), st.text(min_size=1, max_size=9))
@settings(derandomize=True, max_examples=80)
def test_any_name_of_a_column_comes_back_from_its_place(schema: str, table: str, column: str) -> None:
    """What is emptied is the column that was found, whatever signs are in its name."""
    assert column_of(fragment_of(schema, table, column=column)) == (schema, table, column)


@pytest.mark.parametrize(
    "fragment", ["", "/public.faces", "/public.faces/", "public.faces/face", "xywh=pixel:1,1,2,2"]
)
def test_what_is_no_place_of_a_column_is_refused(fragment: str) -> None:
    """A table, a region or nothing cannot be taken for a column."""
    with pytest.raises(ValueError, match="not the place"):
        column_of(fragment)


def test_the_environment_gives_user_and_password_by_system() -> None:
    """The system's own variables come first, then those of efface."""
    own = {"PGUSER": "p", "PGPASSWORD": "1", "EFFACE_DB_USER": "e", "EFFACE_DB_PASSWORD": "2"}
    assert environment_of("postgresql", own) == ("p", "1")
    assert environment_of("oracle+oracledb", own) == ("e", "2")
    assert environment_of("mysql", {}) == ("", "")
