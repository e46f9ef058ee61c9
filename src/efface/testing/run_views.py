"""Runs to render: one with every kind of verdict and every kind of hostile name, one empty, one of gaps.

Nothing in them was measured; names, laws and places are made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from efface.model import (
    ACTIVITY,
    Box,
    Characteristic,
    Citation,
    Clue,
    Finding,
    FiredRule,
    Form,
    Gap,
    GapReason,
    Level,
    Locator,
    Method,
    Mode,
    PackReference,
    Question,
    Removal,
    RemovalStatus,
    Rule,
    RuleMode,
    Sampling,
    Text,
    Verdict,
    VerdictKind,
)
from efface.report.marks import (
    Comparison,
    Gone,
    Group,
    GroupKind,
    Ignored,
    Waiver,
    WaiverState,
    WaiverUse,
)
from efface.report.view import Coverage, Network, RunView

__all__ = ["HOSTILE_NAMES", "MadeUpStep", "check_run", "full_view", "gaps_view", "nothing_view"]

HOSTILE_NAMES = {
    "a script": "<script>alert(1)</script>.jpg",
    "an attribute": "\" onmouseover='alert(1)' x=\".jpg",
    "a formula": "=cmd|' /C calc'!A0",
    "another formula": "@SUM(1+1)*cmd.csv",
    "terminal colours": "\x1b[31mred\x1b[0m.png",
    "a terminal title": "\x1b]0;owned\x07.png",
    "an eight-bit control": "\x9b31m.png",
    "reversed reading": "photo\u202egpj.exe",
    "a new line": "one\ntwo\r.png",
    "a line separator": "one\u2028two.png",
    "bytes of another encoding": "\udcc8\udccb\udcc1\udcb3.png",
    "markup of the terminal library": "[bold red]x[/] [link=file:///x]y.png",
    "a template of texts": "{0.__class__} {verdict} %s.png",
    "the longest": "长" * 1200 + ".png",
}
"""Names that do something where they are not written out; keys say what."""

_START = datetime(2026, 11, 22, 8, 0, 0, tzinfo=UTC)
_END = datetime(2026, 11, 22, 8, 4, 31, tzinfo=UTC)
_DAY = date(2026, 11, 22)
_ROOT = "/srv/售楼处"


def _rule(number: int, mode: RuleMode, confidence: str, quote: str) -> Rule:
    citation = Citation(
        instrument=Text(zh="示例市人脸信息条例", en="Example City Facial Data Regulation"),
        article=f"第十六条第{'一二三四五六七八'[number - 1]}款",
        quote=quote,
        paraphrase=Text(
            zh="不得采集自然人的生物识别信息。", en="Biometric data of natural persons may not be collected."
        ),
        force="local_reg",
        sources=("https://law.example/16", "示例日报 <2020-12-03>"),
        read_on=date(2026, 5, 16),
        confidence=confidence,
        notes=(Text(zh="罚则的条款号尚不清楚。", en="The article on penalties is not known."),),
    )
    remedy = Text(zh="删除已采集的信息。", en="Erase what was collected.")
    applies = "context.actor in [sales_office]"
    conditions = ("separate_consent",) if mode is RuleMode.FORBID_UNLESS else ()
    start = date(2021, 1, 1) if number % 2 else None
    return Rule(
        f"X-16-{number}", "example", citation, mode, applies, conditions, start, None, "erase", remedy
    )


_MODES = (
    (VerdictKind.HOLD, RuleMode.HOLD),
    (VerdictKind.PROHIBITED, RuleMode.FORBID),
    (VerdictKind.PROHIBITED_UNLESS, RuleMode.FORBID_UNLESS),
    (VerdictKind.NEEDS_FACTS, RuleMode.FORBID_UNLESS),
    (VerdictKind.FREEZE, RuleMode.REQUIRE),
    (VerdictKind.CONDITIONAL_OK, RuleMode.ALLOW_IF),
    (VerdictKind.PERMITTED, RuleMode.ALLOW_IF),
    (VerdictKind.OUT_OF_SCOPE, RuleMode.REQUIRE),
)
_RULES = tuple(
    _rule(
        number,
        mode,
        ("primary", "secondary", "unchecked")[number % 3],
        "第十六条　不得采集自然人的\n生物识别信息。" if number % 2 else "",
    )
    for number, (_, mode) in enumerate(_MODES, start=1)
)
_QUESTION = Question(
    "separate_consent",
    Text(zh="是否取得了本人的单独同意？", en="Was separate consent of the person obtained?"),
)


def _verdict(subject: str, kind: VerdictKind) -> Verdict:
    number = kind.strength
    asks = kind is VerdictKind.NEEDS_FACTS
    fired = FiredRule(
        id=_RULES[number].id,
        kind=kind,
        because=("actor = sales_office", "purpose = <b>commission</b>"),
        missing=(_QUESTION.fact,) if asks else (),
        explanation=Text(
            zh="第十六条自 2021-01-01 起施行，适用于本活动。",
            en="Article 16 binds since 2021-01-01 and applies.",
        ),
    )
    rules = () if kind is VerdictKind.OUT_OF_SCOPE else (fired,)
    remedy = "erase" if kind.is_violation else ""
    return Verdict(
        subject, kind, rules, ("actor = sales_office",), (_QUESTION,) if asks else (), remedy, _DAY
    )


def _faces() -> tuple[Finding, ...]:
    picture = Locator("file", (f"{_ROOT}/到访.zip", "2020/11/大厅.jpg"))
    boxes = (Box(310, 120, 96, 120), Box(640, 180, 88, 110), Box(1180, 90, 400, 300))
    clues = (Clue("picture_px", "1280x720"), Clue("eyes_px", "41", 0.2), Clue("border", "cut", -0.1))
    return tuple(
        Finding(
            "face-image@1",
            Form.SAMPLE,
            Characteristic.FACE,
            picture.at_box(box),
            0.93 - n / 10,
            1,
            Level.LINKED,
            clues,
        )
        for n, box in enumerate(boxes)
    )


def _others() -> tuple[Finding, ...]:
    database = Locator("file", (f"{_ROOT}/crm.sqlite",), "/main.visitor/face_vector")
    page = Locator("file", (f"{_ROOT}/登记表.tif",)).at_box(Box(20, 30, 50, 60), page=2)
    record = Locator("file", (f"{_ROOT}/打卡.fmr",))
    remote = Locator("postgresql", ("user:secret@db.example:5432/crm",), "/public.visitor/feature")
    return (
        Finding("face-template@1", Form.TEMPLATE, Characteristic.FACE, database, 0.99, 973, Level.ENROLLED),
        Finding("face-image@1", Form.SAMPLE, Characteristic.FACE, page, 0.5),
        Finding(
            "biometric-record@1", Form.TEMPLATE, Characteristic.FINGERPRINT, record, 1.0, 1, Level.ENROLLED
        ),
        Finding("face-template@1", Form.FEATURES, Characteristic.UNKNOWN, remote, 0.61234567, 12, None),
    )


def _hostile() -> tuple[Finding, ...]:
    return tuple(
        Finding(
            "face-image@1",
            Form.SAMPLE,
            Characteristic.FACE,
            Locator("file", (f"{_ROOT}/{number}.zip", name)),
            0.8,
            clues=(Clue("file_name", name, 0.1),),
        )
        for number, name in enumerate(HOSTILE_NAMES.values())
    )


def _gaps() -> tuple[Gap, ...]:
    return tuple(
        Gap(Locator("file", (f"{_ROOT}/{reason}.zip", name)), stage, reason, f"Not opened: {name[:40]}")
        for reason, stage, name in zip(
            GapReason,
            ("list", "open", "unpack", "decode", "detect", "detect", "open"),
            HOSTILE_NAMES.values(),
            strict=False,
        )
    )


def _removals(findings: tuple[Finding, ...]) -> tuple[Removal, ...]:
    rows = (
        (RemovalStatus.REMOVED, Method.REDACT, "", 0),
        (RemovalStatus.HELD, Method.CLEAR, "evidence in case 2026-118 <b>", None),
        (RemovalStatus.UNSUPPORTED, Method.CLEAR, "no action for this kind", None),
        (RemovalStatus.FAILED, Method.DESTROY, "the disk is full", 1),
        (RemovalStatus.PLANNED, Method.REDACT, "", None),
    )
    return tuple(
        Removal(
            target=finding.locator.container,
            finding_ids=(finding.id,),
            verdict_kinds=("prohibited",),
            actions=("redact-image@1",),
            method=method,
            status=status,
            reason=reason,
            before=f"hmac-sha256:{number:064x}",
            after=f"hmac-sha256:{number + 9:064x}" if status is RemovalStatus.REMOVED else "",
            residue=residue,
            performed_at=_END if status is RemovalStatus.REMOVED else None,
        )
        for number, (finding, (status, method, reason, residue)) in enumerate(
            zip(findings, rows, strict=False)
        )
    )


_SCRIPT = "<script>alert(2)</script>\x1b[2J"
_GROUPS = (
    Group(
        Locator("file", (f"{_ROOT}/人员",)),
        GroupKind.GALLERY,
        320,
        2210,
        "Frigate",
        ("folder_per_person", "single_portraits", "store_name"),
    ),
    Group(
        Locator("file", (f"{_ROOT}/crm.sqlite",), "/main.visitor"),
        GroupKind.TEMPLATES,
        973,
        1,
        "",
        ("person_key",),
    ),
    Group(
        Locator("file", (f"{_ROOT}/{_SCRIPT}.sqlite",), "/main.t"), GroupKind.PERSON_PICTURES, 12, 1, "", ()
    ),
    Group(Locator("file", (f"{_ROOT}/到访.zip",)), GroupKind.ARCHIVE, None, 3),
)
_WAIVERS = (
    WaiverUse(
        Waiver("**/登记表.tif", f"until the form is replaced {_SCRIPT}", "王主任", _DAY, date(2026, 12, 31)),
        WaiverState.IN_FORCE,
        1,
    ),
    WaiverUse(
        Waiver("**/old/**", "x", "y", date(2025, 1, 1), date(2025, 6, 30), "X-16-2", "face"),
        WaiverState.EXPIRED,
        0,
    ),
    WaiverUse(Waiver("**", "x", "y", date(2027, 1, 1), date(2027, 6, 30)), WaiverState.NOT_YET, 0),
)
_IGNORED = (
    Ignored("my.ignore", 3, "*.log", 1200, 9_000_000, in_target=False),
    Ignored("my.ignore", 7, f"{_SCRIPT}/", 34, 1000, in_target=False),
    Ignored(f"{_ROOT}/.effaceignore", 1, "photos/", 5, 100, in_target=True),
)


def _samplings() -> tuple[Sampling, ...]:
    column = Locator("postgresql", ("db.example:5432/crm",), "/public.visitor/note")
    film = Locator("file", (f"{_ROOT}/{_SCRIPT}.mp4",))
    return (
        Sampling(column, "rows", 1000, 5_000_000, is_random=True),
        Sampling(column.at("/public.visitor/photo"), "rows", 10_000, None, is_random=True),
        Sampling(film, "frames", 300, 90_000),
        Sampling(column.at("/public.visitor/name"), "rows", 12, 12, is_random=True),
    )


def _comparison(findings: tuple[Finding, ...]) -> Comparison:
    gone = tuple(
        Gone(f"{number:032x}", "sample", "face", "face-image", is_told=number > 0) for number in range(3)
    )
    return Comparison(40, frozenset(finding.id for finding in findings[:2]), gone, Mode.THOROUGH)


def full_view(lang: str = "zh") -> RunView:
    """Return a run with every kind of verdict, gap and removal, all marks, and every hostile name."""
    findings = (*_faces(), *_others(), *_hostile())
    judged = zip((*_faces(), *_others(), _hostile()[0]), VerdictKind, strict=True)
    gaps = _gaps()
    return RunView(
        run_id="20261122-080000-5f2c",
        tool_version="0.1.0",
        started_at=_START,
        finished_at=_END,
        mode=Mode.STANDARD,
        targets=(_ROOT, "postgresql://user:secret@db.example:5432/crm", "/srv/<img src=x>\x1b[2J"),
        coverage=Coverage(seen=1284, scanned=1277, gaps=len(gaps), bytes=734_003_200, reused=12),
        detectors=("face-template@1", "face-image@1", "biometric-record@1"),
        packs=(PackReference("example", "sha256:" + "ab" * 32),),
        networks=(Network("yunet", "sha256:" + "cd" * 32),),
        findings=findings,
        gaps=gaps,
        verdicts=(
            _verdict(ACTIVITY, VerdictKind.PROHIBITED_UNLESS),
            *(_verdict(finding.id, kind) for finding, kind in judged),
        ),
        rules=_RULES,
        removals=_removals((_faces()[0], *_others())),
        case_title="示例售楼处 <script>alert('case')</script>",
        as_of=_DAY,
        notes=("A note with <i>markup</i> and \x1b[31mcolour.",),
        samplings=_samplings(),
        baseline=_comparison(findings),
        waivers=_WAIVERS,
        waived={_others()[1].id: 0},
        ignored=_IGNORED,
        passed_over=(f"{_ROOT}/{_SCRIPT}/.effaceignore",),
        groups=_GROUPS,
        lang=lang,
    )


def nothing_view(lang: str = "zh") -> RunView:
    """Return a run that looked at everything and found nothing."""
    return RunView(
        run_id="20261122-090000-0000",
        tool_version="0.1.0",
        started_at=_START,
        finished_at=_END,
        mode=Mode.THOROUGH,
        targets=(_ROOT,),
        coverage=Coverage(seen=12, scanned=12, bytes=512),
        detectors=("face-image@1",),
        lang=lang,
    )


def gaps_view(lang: str = "zh") -> RunView:
    """Return a run that found nothing and could not look at everything."""
    gaps = _gaps()
    return RunView(
        run_id="20261122-100000-0001",
        tool_version="0.1.0",
        started_at=_START,
        finished_at=_END,
        mode=Mode.FAST,
        targets=("-",),
        coverage=Coverage(seen=8, scanned=1, gaps=len(gaps), bytes=1536),
        gaps=gaps,
        lang=lang,
    )


@dataclass(frozen=True, slots=True)
class MadeUpStep:
    """A step of a certificate check."""

    number: int
    title: str
    ok: bool | None
    reason: str


def check_run(*results: bool | None) -> tuple[MadeUpStep, ...]:
    """Return steps of a certificate check with the given results."""
    return tuple(
        MadeUpStep(number, f"step \x1b[31m{number}", result, "[bold]detail[/]")
        for number, result in enumerate(results, start=1)
    )
