"""Write the SQL of a trigger that refuses pictures, templates and long vectors at a table of PostgreSQL.

It runs in the database, without efface, so it knows much less: heads of files in `bytea` and hexadecimal, base64 and
data URIs in texts, JSON and XML, and numbers in a row, or in an element each. It looks at the row as it will be
stored, after all other triggers, in whatever column, also one that is added later.

Not promised: what is compressed, encrypted, cut into pieces, packed as bare floats, or kept as a large object passes;
so does what the owner of the table does after he has switched the trigger off. The guard, or a scan, sees more.

Source: PostgreSQL 18 documentation, 37.1 (triggers), 41.9 (RAISE), 43.11; magic numbers as in `efface.formats.sniff`.
"""

from __future__ import annotations

import hashlib

from efface.engines.postgres_catalog import literal
from efface.engines.postgres_types import quoted
from efface.errors import UsageError

__all__ = ["NUMBERS", "trigger_sql"]

NUMBERS = 64
"""Numbers in a row that are taken for a vector: fewer are prices and coordinates."""

_MOST_NUMBERS = 250  # a bound of PostgreSQL's regular expressions is at most 255
_NAME_BYTES = 63
_HEX = (
    "ffd8ff[c-f][0-9a-f]",  # JPEG
    "89504e470d0a1a0a",  # PNG
    "4749463[8][379]61",  # GIF
    "52494646[0-9a-f]{8}57454250",  # WebP
    "(49492a00|4d4d002a)[0-9a-f]{8}",  # TIFF
    "424d[0-9a-f]{8}00000000[0-9a-f]{8}(0c|28|6c|7c)000000",  # BMP
    "0000000c6a5020200d0a870a",  # JPEG 2000
    "000000[0-9a-f]{2}66747970(68656963|68656978|6d696631|61766966)",  # HEIF, AVIF
    "(464d52|464143|494952|464952)00(20|30)[0-9a-f]{4}00",  # ISO/IEC 19794: minutiae, face, iris, finger image
    "ffa0ffa[0-9a-f]",  # WSQ
)
_BASE64 = (
    "[/_]9j[/_][0-9A-Za-z+/_-]{24}",
    "iVBORw0KGgo",
    "R0lGOD[dl]h[0-9A-Za-z+/_-]{16}",
    "UklGR[0-9A-Za-z+/_-]{7}RUJQ",
    "(SUkqA|TU0AK)[0-9A-Za-z+/_-]{24}",
    "AAAADGpQICANCocK",
    "(Rk1S|RkFD|SUlS|RklS)AD?[CDIM][A-Za-z0-9+/_-]{24}",
    "_6D_o[A-Za-z0-9_-]{24}|/6D/o[A-Za-z0-9+/]{24}",
)
_URI = r"data:\s*(image|audio|video|application)/[a-z0-9.+-]+(;[^,;]{1,100}){0,5},"


def trigger_sql(table: str, hint: str, *, numbers: int = NUMBERS) -> str:
    """Return SQL that makes, or makes anew, the trigger of one table.

    Args:
        table: `schema.table`, or a table of `public`, as the database keeps the names.
        hint: What the refusal says of the law.
        numbers: How many numbers in a row are refused, 16 to 250.

    Raises:
        UsageError: The table cannot be named so, or the count is out of range.
    """
    if not 16 <= numbers <= _MOST_NUMBERS:
        raise UsageError(f"numbers: expected 16 to {_MOST_NUMBERS}, got {numbers}")
    schema, name = _parts(table)
    place = quoted(schema, name)
    function = quoted(schema, _named(name))
    body = _BODY.format(
        hexadecimal=literal(rf"(^|[^0-9a-f])(\\?x|0x)?({'|'.join(_HEX)})"),
        base64=literal(rf"(^|[^0-9A-Za-z+/_-])({'|'.join(_BASE64)})"),
        uri=literal(_URI),
        vector=literal(rf"({_NUMBER}[\s,;]+){{{numbers - 1}}}{_NUMBER}"),
        elements=literal(rf"(<[^<>/]+>{_GAP}{_NUMBER}{_GAP}</[^<>]+>{_GAP}){{{numbers}}}"),
        hint=literal(hint),
    )
    tag = "$efface$"
    if tag in body:
        raise UsageError("the table cannot be named so")
    return _SQL.format(place=place, function=function, tag=tag, body=body)


_NUMBER = r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?"
_GAP = r"(\s|\\[nrt])*"  # as they are, and as JSON writes them

_BODY = r"""
DECLARE
  part record;
  what text;
BEGIN
  -- An update is asked about the columns that it changes, so that old rows can still be corrected.
  FOR part IN
    SELECT new_part.key, new_part.value #>> '{{}}' AS value
    FROM jsonb_each(to_jsonb(NEW)) AS new_part
    LEFT JOIN jsonb_each(CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) ELSE '{{}}'::jsonb END) AS old_part
      ON old_part.key = new_part.key
    WHERE new_part.value IS DISTINCT FROM old_part.value
      AND jsonb_typeof(new_part.value) IN ('string', 'array', 'object')
      AND length(new_part.value #>> '{{}}') >= 24
  LOOP
    what := CASE
      WHEN part.value ~* {uri} THEN 'a data URI'
      WHEN part.value ~* {hexadecimal} THEN 'a picture or a template'
      WHEN part.value ~ {base64} THEN 'a picture or a template in base64'
      WHEN part.value ~ {vector} OR part.value ~ {elements} THEN 'a long vector'
    END;
    IF what IS NOT NULL THEN
      RAISE EXCEPTION USING
        ERRCODE = 'check_violation',
        MESSAGE = format('column %I of %I.%I may not take %s', part.key, TG_TABLE_SCHEMA, TG_TABLE_NAME, what),
        HINT = {hint},
        SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = part.key, CONSTRAINT = 'efface_guard';
    END IF;
  END LOOP;
  RETURN NULL;
END
"""

_SQL = """-- Made by `efface guard sql`. Refuses pictures, templates and long vectors. Run it as the owner of the table.
BEGIN;
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger
  LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS {tag}{body}{tag};
DROP TRIGGER IF EXISTS zz_efface_guard ON {place};
CREATE TRIGGER zz_efface_guard AFTER INSERT OR UPDATE ON {place}
  FOR EACH ROW EXECUTE FUNCTION {function}();
-- Also where rows come by replication.
ALTER TABLE {place} ENABLE ALWAYS TRIGGER zz_efface_guard;
COMMIT;
"""


def _parts(table: str) -> tuple[str, str]:
    schema, dot, name = table.partition(".")
    schema, name = (schema, name) if dot else ("public", schema)
    for each in (schema, name):
        if not each or not each.isprintable() or len(each.encode("utf-8", "replace")) > _NAME_BYTES:
            raise UsageError(f"{table[:200]!r}: expected schema.table")
    return schema, name


def _named(table: str) -> str:
    """Return the name of the function: names of PostgreSQL end at 63 bytes."""
    name = f"efface_guard_{table}"
    if len(name.encode()) <= _NAME_BYTES:
        return name
    return f"efface_guard_{hashlib.sha256(table.encode()).hexdigest()[:32]}"
