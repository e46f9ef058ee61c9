"""Answers to HTTP Digest challenges."""

from __future__ import annotations

import hashlib

import pytest

from efface.formats.http_digest import answer, strongest

NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
OWN = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
EXAMPLE = {
    "MD5": "8ca523f5e9506fed4657c9700eebdbec",
    "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
}


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("algorithm", EXAMPLE)
def test_the_example_of_the_standard(algorithm: str) -> None:
    """RFC 7616, 3.9.1: the answers for Mufasa are these."""
    said = (
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, nonce="{NONCE}"'
    )
    challenge = strongest([said])
    assert challenge is not None
    header = answer(challenge, "Mufasa", "Circle of Life", "GET", "/dir/index.html", OWN)
    assert f'response="{EXAMPLE[algorithm]}"' in header
    assert "Circle" not in header


def test_the_stronger_challenge_is_answered() -> None:
    """RFC 7616, 3.7: of several challenges the client takes the strongest that it supports."""
    headers = ['Digest realm="r", nonce="a", algorithm=MD5', 'Digest realm="r", nonce="b", algorithm=SHA-256']
    chosen = strongest(headers)
    assert chosen is not None
    assert chosen.algorithm == "SHA-256"
    assert not chosen.has_qop


@pytest.mark.parametrize(
    "header",
    [
        'Basic realm="r"',
        'Digest realm="r", nonce="a", algorithm=MD5-sess',
        'Digest realm="r", nonce="a", qop="auth-int"',
        'Digest realm="r"',
        "",
    ],
)
def test_what_is_not_known_is_not_answered(header: str) -> None:
    """A scheme that gives the password away, and forms that are not known here, get no answer."""
    assert strongest([header]) is None


def test_names_and_realms_in_chinese_are_digested_as_they_are_sent() -> None:
    """RFC 7616, 4: a name and a password count as UTF-8; a realm counts as the bytes that came."""
    realm = "登录".encode("gb18030")
    challenge = strongest([f'Digest realm="{realm.decode("latin-1")}", nonce="a"'])
    assert challenge is not None
    header = answer(challenge, "检查员", "密码", "GET", "/", "n").encode("latin-1")
    secret = md5("检查员".encode() + b":" + realm + b":" + "密码".encode())
    assert md5(f"{secret}:a:{md5(b'GET:/')}".encode()).encode() in header
    assert 'username="检查员"'.encode() in header


def test_a_name_cannot_end_its_quotes() -> None:
    """RFC 9110, 5.6.4: quotes and backslashes are escaped, and lines cannot be broken."""
    challenge = strongest(['Digest realm="r", nonce="a"'])
    assert challenge is not None
    header = answer(challenge, 'a"b\r\nX: y', "p", "GET", "/", "n")
    assert 'username="a\\"bX: y"' in header
    assert "\n" not in header
