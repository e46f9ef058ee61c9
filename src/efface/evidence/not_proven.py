"""What a certificate never shows, said in it every time, in fixed words.

The words belong to version 1 of the certificate: a certificate is refused when it says them otherwise,
so a changed text or a new general limit needs a new version of the predicate type.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GENERAL", "OF_RUN", "Code", "stated"]


class Code(StrEnum):
    """Names of what is not proven; the first ten stand in every certificate."""

    SCOPE = "scope"
    BACKUPS = "backups"
    VENDORS = "vendors"
    OTHER_COPIES = "other_copies"
    BODY_AND_VOICE = "body_and_voice"
    STORAGE_REMANENCE = "storage_remanence"
    SMALL_FACES = "small_faces"
    SAMPLING = "sampling"
    DETECTOR_MISSES = "detector_misses"
    CLOCK_AND_KEY = "clock_and_key"
    GAPS_REMAIN = "gaps_remain"
    HELD = "held"
    FAILED = "failed"
    REMAINING = "remaining"
    NOT_JUDGED = "not_judged"
    NOT_RESCANNED = "not_rescanned"
    RESCAN_GAPS = "rescan_gaps"
    DATABASES = "databases"
    NOT_REWRITTEN = "not_rewritten"
    FILES_NOT_SEARCHED = "files_not_searched"
    PARTLY_EMPTIED = "partly_emptied"
    SEALED = "sealed"
    DERIVED_LEFT = "derived_left"
    NOT_REIDENTIFIED = "not_reidentified"
    FACES_NOT_TRIED = "faces_not_tried"
    TOO_FEW_FACES = "too_few_faces"
    DEVICES_UNKNOWN = "devices_unknown"
    OWN_COUNT = "own_count"
    BY_PERSONS = "by_persons"


GENERAL: Final[Mapping[Code, tuple[str, str]]] = {
    Code.SCOPE: (
        "The owner chose the targets. Nothing shows that biometric data is kept in no other place.",
        "扫描目标由持有方选定。本证书不能证明生物识别数据只存在于这些位置。",
    ),
    Code.BACKUPS: (
        "Backups, snapshots, replicas and version histories were not examined unless they were targets.",
        "备份、快照、副本和历史版本除非列为目标，均未检查。",
    ),
    Code.VENDORS: (
        "Data at cloud services, vendors, processors and inside devices was not examined.",
        "云服务商、供应商、受托处理者以及设备内部的数据未经检查。",
    ),
    Code.OTHER_COPIES: (
        "Copies outside the targets (mail, messages, removable media, caches, paper) may exist.",
        "目标之外的复制件（邮件、消息、移动介质、缓存、纸质件）可能仍然存在。",
    ),
    Code.BODY_AND_VOICE: (
        "Hair, body, gait, clothing, voice and context in what was left may still identify a person.",
        "留存内容中的头发、体态、步态、衣着、声音和背景仍可能识别出个人。",
    ),
    Code.STORAGE_REMANENCE: (
        "Solid-state drives and copy-on-write file systems may keep earlier blocks: sanitise the medium.",
        "固态硬盘和写时复制文件系统可能保留旧数据块；此时须对存储介质本身进行清除。",
    ),
    Code.SMALL_FACES: (
        "Faces below the detector's stated size, covered, turned away or strongly distorted may be missed.",
        "小于检测器所述尺寸、被遮挡、侧转或严重变形的人脸可能漏检。",
    ),
    Code.SAMPLING: (
        "Depending on the mode, long recordings and large tables are looked at in samples.",
        "视扫描模式而定，较长的录像和较大的数据表按抽样检查。",
    ),
    Code.DETECTOR_MISSES: (
        "Every detector misses some of what it looks for; its documentation states the measured rate.",
        "任何检测器都会漏检；实测漏检率见其文档。",
    ),
    Code.CLOCK_AND_KEY: (
        "Times are those of the machine's clock. The signature shows that the key was used, not who used it.",
        "时间取自运行机器的时钟。签名只证明密钥被使用，不证明由谁使用。",
    ),
}
"""Limits of every run: English, Chinese."""

OF_RUN: Final[Mapping[Code, tuple[str, str]]] = {
    Code.GAPS_REMAIN: (
        "Gaps in this run: {n}. What lies there was not looked at.",
        "本次运行的缺口数：{n}。缺口处的内容未经检查。",
    ),
    Code.HELD: (
        "Findings kept because a rule or a hold forbids their removal: {n}.",
        "因规则或保全要求不得删除而保留的发现数：{n}。",
    ),
    Code.FAILED: (
        "Findings whose removal failed and which are still there: {n}.",
        "删除失败、仍然存在的发现数：{n}。",
    ),
    Code.REMAINING: (
        "Findings that were judged, not removed, and are still there: {n}.",
        "已判定、未删除、仍然存在的发现数：{n}。",
    ),
    Code.NOT_JUDGED: (
        "Findings that were never judged and are still there: {n}.",
        "未经判定、仍然存在的发现数：{n}。",
    ),
    Code.NOT_RESCANNED: (
        "Removals after which the targets as a whole were not scanned again: {n}.",
        "删除后未对全部目标重新扫描的删除数：{n}。",
    ),
    Code.RESCAN_GAPS: (
        "Gaps in the re-scan after the removals: {n}. What lies there was not looked at again.",
        "删除后重新扫描的缺口数：{n}。缺口处的内容未再检查。",
    ),
    Code.DATABASES: (
        "Removals in databases: {n}. Their logs, binary logs, replicas and backups were not cleaned.",
        "在数据库中完成的删除数：{n}。其预写日志、二进制日志、副本和备份未作清理。",
    ),
    Code.NOT_REWRITTEN: (
        "Removals in databases after which not all was written anew, so that files may hold old values: {n}.",
        "未能全部重写、数据文件中可能仍有旧值的数据库删除数：{n}。",
    ),
    Code.FILES_NOT_SEARCHED: (
        "Removals in databases after which the server's files were not searched for what was removed: {n}.",
        "删除后未在服务器数据文件中查找残留片段的数据库删除数：{n}。",
    ),
    Code.PARTLY_EMPTIED: (
        "Removals in databases that stopped in the middle: {n}. Some values are gone, others are still there.",
        "中途停止的数据库删除数：{n}。部分值已删除，其余仍然存在。",
    ),
    Code.SEALED: (
        "Findings not erased: {n}. Their originals are sealed for a key's holder, until the day in the ledger.",
        "未予删除、其原件以加密方式封存的发现数：{n}。封存至账本所载日期，在此之前密钥持有人可以恢复。",
    ),
    Code.DERIVED_LEFT: (
        "Derived copies (thumbnails, caches, sidecars, backups, histories) of what was removed that are left: {n}.",
        "已删除内容的衍生副本（缩略图、缓存、附属文件、备份、历史记录）仍有遗留的数量：{n}。",
    ),
    Code.NOT_REIDENTIFIED: (
        "Removals of pictures of faces after which no recogniser was tried on what is left: {n}.",
        "删除人脸图像后未用识别算法检验残留内容的删除数：{n}。",
    ),
    Code.FACES_NOT_TRIED: (
        "Removed faces of which no template could be taken before, so that no recogniser was tried: {n}.",
        "删除前无法提取模板、因而未经识别算法检验的人脸数：{n}。",
    ),
    Code.TOO_FEW_FACES: (
        "Removed faces whose place is not of one colour, too few to say that recognisers fail on them: {n}.",
        "原位置并非单一颜色、且数量过少而不能断定识别算法已失效的人脸数：{n}。",
    ),
    Code.DEVICES_UNKNOWN: (
        "Devices that were told to forget whom they know and gave no count since: {n}. Nobody knows what they hold.",
        "已要求清空、此后未给出计数的设备数：{n}。其中是否仍有人员数据，不得而知。",
    ),
    Code.OWN_COUNT: (
        "Times that the galleries of a device are gone by nothing but its own count: {n}.",
        "仅凭设备自身计数认定人脸库已清空的次数：{n}。",
    ),
    Code.BY_PERSONS: (
        "Steps of taking systems away that persons confirmed and no software looked at: {n}.",
        "由人确认、未经软件查验的系统拆除步骤数：{n}。",
    ),
}
"""Limits of one run, with the number that they had in it."""


def stated(numbers: Mapping[Code, int]) -> list[dict[str, str]]:
    """Return all that a certificate must state as not proven, in order.

    Args:
        numbers: How many there were in the run, by a code of `OF_RUN`; zero is left out.
    """
    general = [{"code": code.value, "text_en": en, "text_zh": zh} for code, (en, zh) in GENERAL.items()]
    of_run = [
        {"code": code.value, "text_en": en.format(n=n), "text_zh": zh.format(n=n)}
        for code, (en, zh) in OF_RUN.items()
        if (n := numbers.get(code, 0))
    ]
    return general + of_run
