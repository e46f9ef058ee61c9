"""Check a certificate with nothing of efface: a second reader, written from docs/certificate.md alone.

    python tools/check_certificate.py CERTIFICATE.json PUBLIC_KEY... [--revoked FILE]

Needs Python 3.11, `cryptography` and docs/certificate-v1.schema.json, and is less than 200 lines of code. Prints
the steps up to the first that does not hold, and why it does not. Exit code 0 or 4.
"""

# ruff: noqa: ANN401 - J is any JSON value

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any as J  # a JSON value

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

SCHEMA = json.loads((Path(__file__).parent.parent / "docs/certificate-v1.schema.json").read_text("utf-8"))
KIND, STEPS = b"application/vnd.in-toto+json", sorted(SCHEMA["$defs"]["cleaning"]["enum"])
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "null": type(None)}


def need(holds: object, why: str) -> None:
    """Refuse what does not hold."""
    if not holds:
        raise ValueError(why)


def spelled(value: J) -> bytes:
    """Return the one spelling of a value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def read(data: bytes, shape: J, end: bytes = b"") -> J:
    """Read what is in its one spelling and of a shape, and ends so."""
    value = json.loads(data.decode(), parse_float=int, parse_constant=int)  # int refuses both
    need(spelled(value) + end == data and fits(value, shape), "not in its one spelling, or not of the schema")
    return value


def fits(value: J, shape: J) -> bool:  # noqa: PLR0911 - one for each word of the schema
    """Return whether a value fits that part of JSON Schema which the page uses."""
    shape = SCHEMA["$defs"].get(shape.get("$ref", "").removeprefix("#/$defs/"), shape)
    if "anyOf" in shape:
        return any(fits(value, each) for each in shape["anyOf"])
    if "type" not in shape or type(value) is not TYPES[shape["type"]]:
        return "type" not in shape and value in shape.get("enum", [shape.get("const")])
    if isinstance(value, dict):
        if (more := shape["additionalProperties"]) is False:
            return {*value} == {*(own := shape["properties"])} and all(fits(value[n], own[n]) for n in own)
        return all(fits(name, shape["propertyNames"]) and fits(value[name], more) for name in value)
    if isinstance(value, list):
        enough = shape.get("minItems", 0) <= len(value) <= shape.get("maxItems", len(value))
        return enough and all(fits(each, shape["items"]) for each in value)
    if isinstance(value, int):
        return bool(shape["minimum"] <= value <= shape["maximum"])
    return re.fullmatch(shape.get("pattern", "(?s:.*)"), str(value)) is not None


def roots(leaves: J) -> list[str]:
    """Return the root of no leaf, then that after each (RFC 9162, 2.1.1)."""
    trees, found = list[tuple[int, bytes]](), [hashlib.sha256().hexdigest()]
    for leaf in leaves:
        size, node = 1, hashlib.sha256(b"\0" + spelled(leaf)).digest()
        while trees and trees[-1][0] == size:
            size, node = size * 2, hashlib.sha256(b"\1" + trees.pop()[1] + node).digest()
        trees.append((size, node))
        for _, left in trees[-2::-1]:
            node = hashlib.sha256(b"\1" + left + node).digest()
        found.append(node.hex())
    return found


def outside(data: bytes, trusted: J) -> J:
    """Yield the first five steps; return the statement."""
    outer = read(data, SCHEMA["$defs"]["envelope"], b"\n")
    keys = [each["keyid"] for each in outer["signatures"]]
    need(keys == sorted(set(keys)), "signatures out of order, or two of one key")
    texts = [outer["payload"], *(each["sig"] for each in outer["signatures"])]
    payload, *signatures = (base64.b64decode(text, validate=True) for text in texts)
    need(texts == [base64.b64encode(each).decode() for each in (payload, *signatures)], "other base64")
    yield "the envelope is in its one form"
    need(outer["payloadType"] == KIND.decode(), "another type of payload")
    yield "it says that it holds an in-toto statement"
    need(set(keys) <= trusted.keys(), "a signer is not trusted")
    yield "every signer is trusted"
    for key, signature in zip(keys, signatures, strict=True):
        trusted[key].verify(signature, b"DSSEv1 28 %b %d %b" % (KIND, len(payload), payload))
    yield "every signature is over this payload"
    statement = read(payload, SCHEMA)
    for moment in re.findall(rb'"(?:as_of|at|[a-z]+_at)":"([^"]*)"', payload):
        datetime.fromisoformat(moment.decode())
    yield "the statement is in its one form"
    return statement


def ledger(entries: J, size: int, root: str) -> None:
    """Refuse entries that are not one run's, in turn and order."""
    chain, told = roots(entries), " ".join(entry["kind"] for entry in entries)
    need(([*(each["previous"] for each in entries), root], size) == (chain, len(entries)), "no whole chain")
    need(entries == sorted(entries, key=lambda entry: entry["at"]), "time goes back")
    need(re.match("run_opened scan_finished(?!.*(run_opened|(intent|held) .*scan_finished))", told), "order")
    need(len({entry["run"] for entry in entries if "run" in entry}) == 1, "an entry is of another run")
    need(not re.search("approved.*planned((?!appr).)*planned", told), "an unsigned plan")
    need(all(each.get("planner", 0) != each.get("applier") for each in entries), "who planned applied")
    for n, entry in ((n, each) for n, each in enumerate(entries) if each["kind"] == "certified"):
        need(entry["size"] <= n and entry["root"] == chain[entry["size"]], "another was certified")


def removals(entries: J) -> tuple[list[J], dict[str, str], dict[str, int]]:
    """Return what was removed, where each finding stands, and what is unproven of databases."""
    begun, gone, steps, stands, stops = dict[str, J](), list[J](), list[J](), dict[str, str](), dict[str, J]()
    for entry in (each for each in entries if "ref" in each and "left" not in each):
        kind, ref = entry["kind"][8:].replace("done", "removed"), entry["ref"]
        intent, ready, cleaned = map((now := begun.get(ref, {})).get, ("intent", "ready", "cleaned"))
        need(not entry.get("residue"), "a re-scan found something left")
        need(bool(intent) != (kind in ("intent", "held")) and kind not in now, f"{kind} out of turn")
        inside = intent and re.search("-table-[a-z]+@|drop-table@|unlink", " ".join(intent["actions"]))
        begun[ref] = now | {kind: entry}
        if kind == "cleaned":
            need(inside and not ready and sorted(entry["done"] + entry["not_done"]) == STEPS, "not cleaned")
        elif kind == "sealed":
            need(entry["until"] >= entry["at"][:10], "sealed until a day gone by")
            need(not (ready or inside) and intent["method"] in ("redact", "clear"), "sealed out of turn")
        elif kind == "ready":
            need(entry["after"] != intent["before"] and (cleaned or not inside), "not changed or cleaned")
            need(entry["after"] or intent["method"] != "redact", "nothing is left of what was to be redacted")
        elif kind != "intent":
            need(kind != "held" or (entry["rule"], entry["hold"]) != (None, None), "held by nothing")
            need(kind != "removed" or (ready and ready["after"] == entry["after"]), "not what was ready")
            refs, ended = (intent or entry)["findings"], kind == "removed"
            firm = {ref for ref in refs if not ended and stands.get(ref) in ("removed", "sealed")}
            stands |= dict.fromkeys({*refs} - firm, "sealed" if ended and "sealed" in now else kind)
            if kind == "removed":
                same = {name: intent[name] for name in ("ref", "actions", "method", "findings")}
                gone.append(same | {"performed_at": entry["at"], "residue": 0})
                steps += [cleaned["not_done"]] if cleaned else []
            stops[ref] = "" if ended else stops.get(ref, "") + entry.get("reason", "")
            begun.pop(ref)
    copies = {entry["ref"]: entry["left"] for entry in entries if "erased" in entry}
    need(not begun and copies.keys() <= {item["ref"] for item in gone}, "it never ended, or copies of none")
    need(not [0, *(each["residue"] for each in entries if each["kind"] == "rescan")][-1], "something is back")
    left = {"databases": len(steps), "not_rewritten": sum(bool({*each} - {"files"}) for each in steps)}
    left |= {"files_not_searched": str(steps).count("files"), "devices_unknown": str(stops).count("unknown'")}
    part = len(re.findall("partial[a-z-]*'", str(stops)))
    return gone, stands, left | {"derived_left": sum(copies.values()), "partly_emptied": part}


def bounds(n: int, rate: int) -> tuple[int, int]:
    """Return the bounds of a rate of n probes (Wilson, z = 1.96) in millionths."""
    half = math.isqrt(38416 * 10**4 * (38416 * 10**8 + 4 * n * rate * (10**6 - rate)))
    middle, whole = 20000 * n * rate + 38416 * 10**6, 20000 * n + 76832
    return (middle - half) // whole, -(-(middle + half) // whole)


def recognised(tests: J) -> dict[str, str]:
    """Refuse rates that say something else than they are said to, and faces that are still recognised."""
    for entry, rows in ((test, test["comparisons"]) for test in tests):
        said = [bounds(r["probes"], r["rate_ppm"]) == (r["lower_ppm"], r["upper_ppm"]) for r in rows]
        over = any(r["lower_ppm"] > r["chance_ppm"] + 10_000 for r in rows)
        under = rows and all(r["upper_ppm"] <= r["chance_ppm"] + 10_000 for r in rows)
        outcome = "contradicted" if over else "shown" if under or not entry["left"] else "too_few"
        need(all(said) and entry["outcome"] == outcome, "its rates say otherwise")
    told = {ref: test["outcome"] for test in tests for ref in test["removals"]}
    need("contradicted" not in told.values(), "recognisers still know removed faces")
    return told


def account(said: J, gone: J, stands: dict[str, str], tried: J) -> dict[str, int]:
    """Compare lists and counts with the ledger; return how much is left unproven, by code."""
    entries = said["ledger"]["entries"]
    last = {entry["kind"]: entry for entry in entries}
    opened, scan, judged = entries[0], last["scan_finished"], last.get("judged")
    look = [entry for entry in entries if entry["kind"] in ("rescan", "removal_done")][-1:]
    again = look[0] if look and look[0]["kind"] == "rescan" else None
    expected = {name: scan[name] for name in ("coverage", "detectors", "networks")}
    expected |= {"run": opened["run"], "tool": {"name": "efface", "version": opened["tool_version"]}}
    times = {"started_at": opened["at"], "finished_at": entries[-1]["at"]}
    expected |= {"scope": {"targets": opened["targets"], "mode": scan["mode"]} | times, "removals": gone}
    expected |= {"packs": (judged or scan)["packs"], "verdicts_by": judged["verdicts_by"] if judged else {}}
    fields = SCHEMA["$defs"]["hold"]["required"]
    expected["holds"] = [{name: each[name] for name in fields} for each in entries if "hold" in each]
    expected["rescan"] = again and {"performed_at": again["at"], "coverage": again["coverage"], "residue": 0}
    expected["decommissioned"] = steps = [each for each in entries if {"device", "step"} & each.keys()]
    expected["reidentified"] = tests = [each for each in entries if each["kind"] == "reidentified"]
    need(said == said | expected and said["issued_at"] >= entries[-1]["at"], "not what the ledger says")
    for entry in (each for each in entries if "coverage" in each):
        c, by = entry["coverage"], entry.get("gaps_by", {0: entry["coverage"]["gaps"]})
        need(0 <= c["seen"] - c["scanned"] <= c["gaps"] == sum(by.values()), "wrong sums")
    bare = [{name: item[name] for name in item if name != "status"} for item in said["findings"]]
    for name, items in (("findings", bare), ("gaps", said["gaps"])):
        need(items == sorted(items, key=spelled) and roots(items)[-1] == scan[f"{name}_root"], "not the list")
    need(Counter(f"{g['stage']}/{g['reason']}" for g in said["gaps"]) == scan["gaps_by"], "other gaps")
    listed = {item["ref"]: item["status"] for item in said["findings"]}
    stand = dict.fromkeys(listed, "remaining" if judged else "not_judged") | stands
    need(len(listed) == len(bare) == scan["findings"] and listed == stand, "a finding stands elsewhere")
    left = {"gaps_remain": scan["coverage"]["gaps"], "not_rescanned": 0 if again else len(gone)}
    faces = {item["ref"] for item in bare if (item["form"], item["characteristic"]) == ("sample", "face")}
    alone = [each for each in gone if each["ref"] not in tried and faces & {*each["findings"]}]
    left |= {"too_few_faces": sum(test["left"] for test in tests if test["outcome"] == "too_few")}
    left |= {"own_count": str(gone).count("'clear-device@1'"), "by_persons": str(steps).count("'step':")}
    left |= {"not_reidentified": len(alone), "faces_not_tried": sum(test["untested"] for test in tests)}
    return dict(Counter(listed.values())) | left | {"rescan_gaps": again["coverage"]["gaps"] if again else 0}


def check(data: bytes, trusted: J) -> J:
    """Yield a sentence for each step that holds; raise where one does not."""
    said = (statement := (yield from outside(data, trusted)))["predicate"]
    need(statement["subject"][0]["digest"]["sha256"] == said["ledger"]["root"], "about another ledger")
    yield "it is about the ledger in it"
    ledger(said["ledger"]["entries"], said["ledger"]["size"], said["ledger"]["root"])
    yield "the ledger hashes to its root, in turn and order"
    gone, stands, left = removals(said["ledger"]["entries"])
    tried = recognised([each for each in said["ledger"]["entries"] if each["kind"] == "reidentified"])
    yield "every removal ended well"
    left |= account(said, gone, stands, tried)
    yield "every list and count is the ledger's"
    some = [(each, str(left[each["code"]])) for each in SCHEMA["words"]["of_run"] if left.get(each["code"])]
    told = [{name: each[name].replace("{n}", n) for name in each} for each, n in some]
    need(said["not_proven"] == SCHEMA["words"]["general"] + told, "it is not what this run leaves unproven")
    yield "what was not proven is stated"
    need(not re.search(rb'"(?!text_)[^"]*":"[^"]{81}|\[-?[0-9]', spelled(said)), "a long text or row")
    yield "nothing in it can hold biometric content"


def key_of(path: str) -> tuple[str, J]:
    """Return a public key and its id, the SHA-256 of its SubjectPublicKeyInfo."""
    key = load_pem_public_key(Path(path).read_bytes())
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest(), key


def main(certificate: str, *arguments: str) -> int:
    """Print the steps; return the exit code."""
    (paths, _, listed), number = "\0".join(arguments).partition("\0--revoked\0"), 1
    revoked = re.findall(r"(?m)^\s*([^#\s]\S*)", Path(listed).read_text("utf-8") if listed else "")
    trusted = {name: key for name, key in map(key_of, paths.split("\0")) if name not in revoked}
    try:
        for number, step in enumerate(check(Path(certificate).read_bytes(), trusted), start=2):
            print(f"({number - 1}) holds: {step}")
    except (ValueError, TypeError, RecursionError, InvalidSignature) as error:
        print(f"({number}) does not hold: {error or type(error).__name__}")
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
