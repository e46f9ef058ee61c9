"""Split names of fields, tables and files into tokens, and tell the names that stand for a person.

Names are matched by tokens, never by substrings: `interface_search` holds no `face`, `surface` neither.
Chinese words have no separators, so they are looked for as substrings, past a list of words in which
their characters mean something else.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["is_person_key", "normal", "person_keys", "tokens"]

_MAX_NAME = 256  # characters; a longer name is cut, it is no identifier
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_TOKEN = re.compile(r"[a-z]+|\d+|[\u3400-\u9fff]+")


def _words(text: str) -> tuple[str, ...]:
    """Return the words between bars."""
    return tuple(word.strip() for word in text.replace("\n", "|").split("|") if word.strip())


_PERSON_PHRASES = frozenset(
    tuple(word.split())
    for word in _words(
        """
    name|realname|real name|fullname|full name|username|user name|nickname|nick name|xm|xingming
    first name|last name|surname|person name|subject name|customer name|cust name|member name|employee name
    staff name|student name|worker name|owner name|visitor name|guest name|saler name|agent name|agent
    id number|idnumber|id no|idno|id card|idcard|id card no|identity|identitycard|identity card|identity no
    card id|customer card id|ssn|passport|passport no|cert no|certno|zjhm|sfz|sfzh|sfzhm|zjh|citizen id
    mobile|mobile no|mobile number|mobilephone|phone|phone no|phone number|tel|telephone|sjh|sjhm|lxdh
    cellphone|email|e mail|mail|wechat|openid|open id|unionid
    person|person id|subject|subject id|user|user id|userid|uid|pin|customer id|member id|employee id
    employee no|emp no|empno|staff id|staff no|staffno|job no|jobno|worker id|student id|student no|stu num
    owner id|visitor id|badgenumber|badge number|account|account no|user no|userno|linked user
        """
    )
)
_PERSON_JOINED = frozenset("".join(phrase) for phrase in _PERSON_PHRASES)
_NOT_A_PERSON = frozenset(
    _words(
        """
        file|filename|model|table|column|project|device|camera|image|img|group|product|company|channel|city
        region|regional|class|type|key|domain|host|event|display|tag|label|layer|module|package|function
        variable|font|icon|field|method|dataset|schema
        """
    )
)
_PERSON_CHINESE = (
    *("姓名", "身份证", "证件号", "手机", "电话号码", "联系电话", "工号", "学号"),
    *("业主", "客户名称", "会员号", "护照号", "人员"),
)


def normal(name: str) -> str:
    """Return a name in compatibility form (NFKC), cut to a length that an identifier can have."""
    return unicodedata.normalize("NFKC", name[:_MAX_NAME])


@lru_cache(maxsize=8192)
def tokens(name: str) -> tuple[str, ...]:
    """Return the tokens of a name: lower case, split at humps, digits and every other character."""
    spread = _HUMP.sub(" ", normal(name))
    return tuple(_TOKEN.findall(spread.lower()))


@lru_cache(maxsize=8192)
def is_person_key(name: str) -> bool:
    """Return whether a field's name stands for a person: by name, identity, telephone or staff number."""
    if any(word in normal(name) for word in _PERSON_CHINESE):
        return True
    found = tuple(token for token in tokens(name) if not token.isdigit())
    if not found or _NOT_A_PERSON.intersection(found):
        return False
    return found in _PERSON_PHRASES or "".join(found) in _PERSON_JOINED


def person_keys(names: Iterable[str]) -> tuple[str, ...]:
    """Return those names that stand for a person, in their order."""
    return tuple(name for name in names if is_person_key(name))
