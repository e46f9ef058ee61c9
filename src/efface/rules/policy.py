"""Read the Cedar text of a pack: one policy a norm, each with its annotations.

Cedar's own validator catches misspelt facts and wrong types. What it lets pass is checked here: words that
the taxonomy does not list, missing annotations, dates that disagree with the text, nodes that the
evaluator does not know, and nesting deep enough to exhaust the stack of Cedar's parser.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from cedarpy import policies_to_pst, pst, validate_policies

from efface.rules.facts import schema
from efface.rules.kleene import unsupported
from efface.rules.norm import KINDS
from efface.rules.pack_tables import AUTHORITIES
from efface.rules.taxonomy import taxonomy
from efface.rules.terms import entity_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Policy", "read_policies"]

_START = re.compile(r'^@id\("', re.MULTILINE)
_EFFECT = re.compile(r"^\s*forbid\b", re.MULTILINE)
_COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
_OPENING = re.compile(r"[(\[{]")
_PUNCTUATION = re.compile(r"[^\w\s]")
_IF = re.compile(r"\bif\b")
_REQUIRED = ("id", "kind", "effective", "authority", "remedy")
_ALLOWED = frozenset((*_REQUIRED, "until"))
_MAX_POLICIES = 500
_MAX_OPENING = 64
_MAX_PUNCTUATION = 600
_MAX_IF = 16


@dataclass(frozen=True, slots=True)
class Policy:
    """One norm as its Cedar text states it.

    Attributes:
        annotations: What stands before it (`@id`, `@kind` ...).
        applies: When it applies, its scope and `when` clauses joined.
        unless: What satisfies it, or None.
        text: The policy without annotations and comments, for people.
        effective: First day on which it binds.
        until: First day on which it no longer binds, or None.
    """

    annotations: Mapping[str, str]
    applies: pst.Expr
    unless: pst.Expr | None
    text: str
    effective: date
    until: date | None


_NAME = re.compile(r'@id\("([^"\n]{0,80})')


def read_policies(text: str, *, validated: bool = False) -> tuple[list[Policy], list[str]]:
    """Return the sound policies of a pack's text and every fault of the others.

    Args:
        text: Policies, one after another.
        validated: Whether it has passed all checks before; Cedar's validator reads the schema anew for each
            policy, which is most of the time of loading.
    """
    starts = [match.start() for match in _START.finditer(text)]
    before = _COMMENT.sub("", text[: starts[0]] if starts else text).strip()
    if before or not starts:
        return [], ["rules.cedar: every policy begins with @id(...) at the start of a line"]
    if len(starts) > _MAX_POLICIES:
        return [], [f"rules.cedar: more than {_MAX_POLICIES} policies"]
    policies, faults, names = [], [], []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        found = _read_policy(text[start:end], validated=validated)
        name = _NAME.match(text[start:end])
        names.append(name.group(1) if name else "?")
        if isinstance(found, Policy):
            policies.append(found)
        else:
            faults += [f"rules.cedar: {names[-1]}: {fault}" for fault in found]
    for name_, count in Counter(names).items():  # unsound ones count: all faults are told at once
        if count > 1:
            faults.append(f"rules.cedar: {name_}: the identifier is used {count} times")
    return policies, faults


def _read_policy(chunk: str, *, validated: bool) -> Policy | list[str]:
    if _crowded(chunk):
        return [f"longer than a norm: over {_MAX_OPENING} brackets or {_MAX_PUNCTUATION} marks"]
    try:
        policies = policies_to_pst(chunk)
        errors = [] if validated else [error.error for error in validate_policies(chunk, schema()).errors]
    except ValueError as error:
        return [f"not a Cedar policy: {str(error)[:200]}"]
    if len(policies.static_policies) != 1 or policies.templates or policies.template_links:
        return ["expected one policy without slots after each @id"]
    (policy,) = policies.static_policies.values()
    faults = [f"not valid under the schema: {error[:300]}" for error in errors]
    if not validated:
        faults += _faults_in_annotations(policy.annotations)
        faults += _faults_in_body(policy)
    if faults:
        return faults
    applies, unless = _conditions(policy)
    effective, until = _window(policy.annotations)
    if not validated:
        faults += _faults_in_dates(applies, effective, until)
        faults += _faults_in_cure(policy.annotations["kind"], unless)
    return faults or Policy(policy.annotations, applies, unless, _words(chunk), effective, until)


def _faults_in_cure(kind: str, unless: pst.Expr | None) -> Iterator[str]:
    if kind != "hold" and (unless is None) != (KINDS[kind].cured is None):
        yield f"a {kind} {'has no' if KINDS[kind].cured is None else 'has an'} `unless`"


def _words(chunk: str) -> str:
    body = _COMMENT.sub("", chunk)
    start = _EFFECT.search(body)
    return body[start.start() if start else 0 :].strip()


def _crowded(chunk: str) -> bool:
    """Return whether a policy could overflow the stack of Cedar's recursive parser, which ends the process.

    That happens at roughly a thousand open brackets or a few thousand chained operators; a norm needs a
    tenth of the limits here. Strings and comments count too, so that no quoting can hide a bracket.
    """
    counts = ((_OPENING, _MAX_OPENING), (_PUNCTUATION, _MAX_PUNCTUATION), (_IF, _MAX_IF))
    return any(len(pattern.findall(chunk)) > limit for pattern, limit in counts)


def _faults_in_annotations(annotations: Mapping[str, str]) -> Iterator[str]:
    yield from (f"annotation @{name} is missing" for name in _REQUIRED if not annotations.get(name))
    yield from (f"no annotation is called @{name}" for name in annotations if name not in _ALLOWED)
    kind, authority = annotations.get("kind", ""), annotations.get("authority", "")
    if kind and kind not in KINDS:
        yield f"@kind: expected one of {', '.join(KINDS)}"
    if authority and authority not in AUTHORITIES:
        yield f"@authority: expected one of {', '.join(AUTHORITIES)}"
    for name in ("effective", "until"):
        if annotations.get(name) and _day(annotations[name]) is None:
            yield f"@{name}: expected a day such as 2021-01-01"


def _faults_in_body(policy: pst.Template) -> Iterator[str]:
    if policy.effect != "forbid":
        yield "every norm is a `forbid`"
    if not isinstance(policy.action, pst.ScopeAny):
        yield "the action is left open; what is done stands in context.activities"
    for scope in (policy.principal, policy.resource):
        if not isinstance(scope, pst.ScopeAny) and not (
            isinstance(scope, pst.ScopeIn) and isinstance(scope.entity, pst.EntityUid)
        ):
            yield "the scope of principal and resource is open or `in` one word"
    for clause in policy.clauses:
        yield from (f"node not supported: {name}" for name in unsupported(clause.expr))
    if not any(isinstance(clause, pst.When) for clause in policy.clauses):
        yield "a `when` clause is missing"
    for uid in sorted(pst.entity_uids(policy), key=str):
        if not taxonomy().named(entity_of(uid)):
            yield f"the taxonomy lists no {uid}{taxonomy().hint(entity_of(uid)) if _has_kind(uid) else ''}"


def _has_kind(uid: pst.EntityUid) -> bool:
    return str(uid.type) in taxonomy().words


def _conditions(policy: pst.Template) -> tuple[pst.Expr, pst.Expr | None]:
    parts: list[pst.Expr] = []
    for name, scope in (("principal", policy.principal), ("resource", policy.resource)):
        if isinstance(scope, pst.ScopeIn) and isinstance(scope.entity, pst.EntityUid):
            variable = pst.Var("principal" if name == "principal" else "resource")
            parts.append(pst.BinaryOp("in", variable, pst.EntityLit(scope.entity)))
    parts += [clause.expr for clause in policy.clauses if isinstance(clause, pst.When)]
    cures = [clause.expr for clause in policy.clauses if isinstance(clause, pst.Unless)]
    return _chain("and", parts), _chain("or", cures) if cures else None


def _chain(op: pst.BinaryOpName, parts: list[pst.Expr]) -> pst.Expr:
    chained = parts[0]
    for part in parts[1:]:
        chained = pst.BinaryOp(op, chained, part)
    return chained


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2021-01-01") else None
    except ValueError:
        return None


def _window(annotations: Mapping[str, str]) -> tuple[date, date | None]:
    return date.fromisoformat(annotations["effective"]), _day(annotations.get("until", ""))


def _conjuncts(expr: pst.Expr) -> Iterator[pst.Expr]:
    if isinstance(expr, pst.BinaryOp) and expr.op == "and":
        yield from _conjuncts(expr.left)
        yield from _conjuncts(expr.right)
    else:
        yield expr


def _dates_of(applies: pst.Expr, op: str, fact: str) -> list[date]:
    """Return the days that a fact must not lie before (or must lie before) for the norm to apply."""
    days = []
    for part in _conjuncts(applies):
        match part:
            case pst.BinaryOp(
                op=found,
                left=pst.GetAttr(base=pst.Var(name="context"), attr=name),
                right=pst.UnaryOp(op="datetime", arg=pst.StringLit(value=day)),
            ) if (found, name) == (op, fact):
                days.append(date.fromisoformat(day))
            case _:
                continue
    return days


def _faults_in_dates(applies: pst.Expr, effective: date, until: date | None) -> Iterator[str]:
    if _dates_of(applies, "greater_eq", "conduct_until") != [effective]:
        yield f'@effective: the text must say once `context.conduct_until >= datetime("{effective}")`'
    if _dates_of(applies, "less", "conduct_from") != ([until] if until else []):
        yield "@until: the text says another day, or `context.conduct_from < datetime(...)` is missing"
