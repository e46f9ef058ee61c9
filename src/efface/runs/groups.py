"""See findings together: which folder is a gallery of persons, which table holds whose templates.

Works on what findings carry (places, clues, levels, references) and opens nothing. Numbers of people are
estimates: folders or names where pictures are kept by person, else the references of the findings.

Templates count one data subject each, so people of a table of templates are an upper bound where one person
has several. A number, or two words with capitals, names a person only where the pictures are portraits: it may
be a product or a place. Pictures of a web site are no gallery, whatever they are named, unless templates or
identity numbers say so.

Not promised: that a folder of portraits was enrolled anywhere; that what is not grouped is no store.
Source: ISO/IEC 2382-37, 37.03.17 (biometric reference database); thresholds are ours: a picture of one face
that fills a quarter of its shorter side, in four of five pictures of a place.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from efface.detectors.level import is_latin_name
from efface.model import Form, Locator
from efface.report.marks import Group, GroupKind
from efface.runs.systems import system_of_folder, system_of_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efface.model import Finding

__all__ = ["groups"]

_MOST = 0.8  # share of a place's pictures that makes the place what they are
_PORTRAIT = 0.25  # of the shorter side of the picture
_FEW_PICTURES = 20  # of one person
_GALLERY = 5  # pictures from which a folder can be a gallery
_IN_STORE = 2  # the same, in a folder of known software
_PERSONS = 3  # folders from which their parent can be one
_UNNAMED_PERSONS = 10  # the same, where nothing but the pictures says so
_TEMPLATE_FILES = 3
_ARCHIVE = 10  # findings from which an archive is shown as one thing
_SIZES = 64

_PICTURE = re.compile(r"\.(?:jpe?g|png|bmp|webp|pgm|tiff?|heic|jp2|avif|gif)$", re.IGNORECASE)
_PIXELS = re.compile(r"(\d{1,6})x(\d{1,6})")
_NUMBER = re.compile(r"[A-Za-z]{0,2}\d{3,18}[Xx]?")
_DATE = re.compile(r"(?:19|20)\d\d(?:[-_. ]?(?:0[1-9]|1[0-2])(?:[-_. ]?[0-3]\d)?)?")
_DENSE = 0.9  # share of a range of numbers that is there, from which it is a counter of pictures
_WEB = frozenset(
    {
        "www",
        "wwwroot",
        "htdocs",
        "public_html",
        "website",
        "webroot",
        "static",
        "assets",
        "wp-content",
        "_site",
    }
)
_STRONG = frozenset(
    {"identity number", "mobile number", "file in a store of faces", "folder in a store of faces"}
)
_COUNTER = re.compile(r"(?<=[^\W_])[_\- .(]+\(?\d{1,5}\)?$")
_NO_PERSON = frozenset({"train", "unknown", "stranger", "tmp", "thumbs", "thumbnails", "crops"})
_STORED = frozenset({Form.TEMPLATE, Form.REFERENCE_DATABASE})

_Place = tuple[str, tuple[str, ...], str]
"""Scheme, what lies around, and a folder in the innermost of it."""


@dataclass(slots=True)
class _Folder:
    """What the findings of one folder say."""

    pictures: dict[str, list[float]] = field(default_factory=dict)  # faces, largest share of the picture
    templates: dict[str, int] = field(default_factory=dict)
    vectors: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    portraits: set[str] = field(default_factory=set)
    sizes: Counter[str] = field(default_factory=Counter)
    has_store: bool = False
    has_template_beside: bool = False
    of_person: bool = False
    has_strong_name: bool = False
    findings: int = 0

    def add(self, name: str, finding: Finding) -> None:
        """Take in a finding in a file of the folder: a template, or a face in a picture."""
        self.findings += 1
        if finding.form is not Form.SAMPLE:
            self.templates[name] = self.templates.get(name, 0) + 1
            return
        seen = self.pictures.setdefault(name, [0, 0.0])
        seen[0] += finding.references
        clues = {clue.name: clue.value for clue in finding.clues}
        size = clues.get("picture_px", "")
        share = _share(clues.get("face_px", ""), size)
        seen[1] = max(seen[1], share)
        self.portraits |= {name} if "portrait" in clues else set()
        if size and (size in self.sizes or len(self.sizes) < _SIZES):
            self.sizes[size] += 1
        if "named_after" in clues:
            by_folder = clues["named_after"].startswith("folder ")
            self.of_person |= by_folder
            self.named |= set() if by_folder else {name}
            self.has_strong_name |= clues["named_after"] in _STRONG
        self.has_store |= "recognition_store" in clues
        self.has_template_beside |= "template_beside" in clues

    def share(self, wanted: Iterable[bool]) -> float:
        """Return the share of pictures of which something is true."""
        return sum(wanted) / max(len(self.pictures), 1)

    @property
    def is_single(self) -> bool:
        """Whether its pictures show one face each, others in the background aside."""
        one = (seen[0] == 1 or name in self.portraits for name, seen in self.pictures.items())
        return self.share(one) >= _MOST

    @property
    def is_portraits(self) -> bool:
        """Whether its pictures are portraits, by how much of them the face fills."""
        return self.is_single and self.share(seen[1] >= _PORTRAIT for seen in self.pictures.values()) >= _MOST


def _share(face: str, picture: str) -> float:
    match = _PIXELS.fullmatch(picture)
    if match is None or not face.isdecimal():
        return 0.0
    return int(face[:9]) / max(min(int(match.group(1)), int(match.group(2))), 1)


@dataclass(slots=True)
class _Store:
    """What the findings of one table, array or object say."""

    locator: Locator
    templates: int = 0
    pictures: int = 0
    findings: int = 0
    has_person_key: bool = False
    has_registry: bool = False
    system: str = ""


def groups(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """Return the findings as things, those of the most people first.

    Args:
        findings: Of one run, in any order; the time is that of reading them once and sorting what results.
    """
    folders: dict[_Place, _Folder] = defaultdict(_Folder)
    stores: dict[_Place, _Store] = {}
    members: Counter[tuple[str, str]] = Counter()
    vectors: dict[_Place, set[str]] = defaultdict(
        set
    )  # of an unknown kind: beside portraits they say their own
    for finding in findings:
        locator = finding.locator
        if len(locator.path) > 1 and not _PICTURE.search(locator.path[0]):
            members[locator.scheme, locator.path[0]] += 1
        stored = finding.form in _STORED and finding.is_biometric
        if finding.form is Form.FEATURES and len(locator.path) == 1 and not locator.fragment:
            place, name = _folder(locator)
            vectors[place].add(name.rpartition(".")[0])
        elif any(clue.name == "view" for clue in finding.clues):
            continue  # what it shows is stored in a table, and counts there
        elif (locator.fragment or "").startswith(("/", "text/")) or (stored and finding.references > 1):
            _add_to_store(stores, finding)
        elif stored or finding.form is Form.SAMPLE:
            place, name = _folder(locator)
            folders[place].add(name, finding)
    for place, names in vectors.items():
        if place in folders:
            folders[place].vectors = names
    kept = list(_of_stores(stores))
    found = [*_beside_stores(_of_folders(folders), kept), *kept]
    found += _of_archives(members, found)
    return tuple(sorted(found, key=lambda g: (-(g.people or 0), -g.findings, g.place.uri)))


def _beside_stores(galleries: Iterable[Group], stores: list[Group]) -> Iterator[Group]:
    """Yield galleries, with the software whose templates lie in a file in the gallery's folder."""
    systems = {
        store.place.path[0].rpartition("/")[0]: store.system
        for store in stores
        if store.system and len(store.place.path) == 1
    }
    for gallery in galleries:
        folder = gallery.place.path[-1]
        system = systems.get(folder, "") or systems.get(folder.rpartition("/")[0], "")
        if system and gallery.kind is GroupKind.GALLERY and not gallery.system:
            signs = dict.fromkeys((*gallery.signs, "templates_beside"))
            yield replace(gallery, system=system, signs=tuple(signs))
        else:
            yield gallery


def _of_archives(members: Counter[tuple[str, str]], found: list[Group]) -> list[Group]:
    """Return the archives that hold findings beside those that are seen as something else already."""
    inside: Counter[tuple[str, str]] = Counter()
    for group in found:
        if len(group.place.path) > 1:
            inside[group.place.scheme, group.place.path[0]] += group.findings
    return [
        Group(Locator(scheme, (path,)), GroupKind.ARCHIVE, None, count)
        for (scheme, path), count in members.items()
        if count - inside[scheme, path] >= _ARCHIVE
    ]


def _folder(locator: Locator) -> tuple[_Place, str]:
    """Return the folder of the file or member that a finding lies in, and its name; parts of a picture are it."""
    path = locator.path
    end = next((n for n, name in enumerate(path) if _PICTURE.search(name)), len(path) - 1)
    folder, slash, name = path[end].rpartition("/")
    return (locator.scheme, path[:end], folder or slash), name


def _locator(place: _Place) -> Locator:
    scheme, outer, folder = place
    return Locator(scheme, (*outer, folder) if folder or not outer else outer)


def _of_folders(folders: dict[_Place, _Folder]) -> Iterator[Group]:
    parents: dict[_Place, list[_Place]] = defaultdict(list)
    for place in folders:
        scheme, outer, folder = place
        if folder:
            parent, slash, _ = folder.rpartition("/")
            parents[scheme, outer, parent or slash].append(place)
    taken: set[_Place] = set()
    for parent_place, children in parents.items():
        group = _by_person(parent_place, children, folders)
        if group is not None:
            yield group
            taken.update(children)
    for place, folder_ in folders.items():
        if place not in taken:
            group = _flat(place, folder_)
            if group is not None:
                yield group


def _by_person(place: _Place, children: list[_Place], folders: dict[_Place, _Folder]) -> Group | None:
    """Return the gallery whose folders are persons, or None."""
    names = {child: child[2].rpartition("/")[2] for child in children}
    pictured = [c for c in children if folders[c].pictures and names[c].lower() not in _NO_PERSON]
    persons = [c for c in pictured if len(folders[c].pictures) <= _FEW_PICTURES and folders[c].is_single]
    if len(persons) < _PERSONS or len(persons) < _MOST * len(pictured):
        return None
    system = system_of_folder(place[2], frozenset(name.lower() for name in names.values()))
    most = _MOST * len(persons)
    portraits = sum(folders[c].is_portraits for c in persons) >= most
    named = sum(folders[c].of_person or (portraits and _is_name(names[c])) for c in persons) >= most
    stored = system or sum(folders[c].has_store for c in persons) >= most
    if not stored and _is_of_web(place):
        return None
    if not named and not stored and not (portraits and len(persons) >= _UNNAMED_PERSONS):
        return None
    signs = ["folder_per_person", "single_portraits"] if portraits else ["folder_per_person"]
    signs += ["store_name"] if stored else []
    count = sum(folders[child].findings for child in children)
    return Group(_locator(place), GroupKind.GALLERY, len(persons), count, system, tuple(signs))


def _is_of_web(place: _Place) -> bool:
    return not _WEB.isdisjoint(place[2].replace("\\", "/").lower().split("/"))


def _is_counter(stems: Iterable[str]) -> bool:
    """Return whether names are a counter of pictures from 0 or 1, or of one width and without holes."""
    numbers = sorted({stem for stem in stems if stem.isdecimal()})
    if not numbers:
        return False
    values = [int(number[:18]) for number in numbers]
    first, last = min(values), max(values)
    padded = numbers[0].startswith("0") and len({len(number) for number in numbers}) == 1
    return (padded or first <= 1) and len(numbers) >= _DENSE * (last - first + 1)


def _is_name(folder: str) -> bool:
    return is_latin_name(folder) or bool(_NUMBER.fullmatch(folder) and not _DATE.fullmatch(folder))


def _flat(place: _Place, folder: _Folder) -> Group | None:
    """Return the gallery that one folder is, or the templates that its files are, or None."""
    stems = {_PICTURE.sub("", name): name for name in folder.pictures}
    beside = len(stems.keys() & {*folder.vectors, *(name.rpartition(".")[0] for name in folder.templates)})
    signs = []
    system = system_of_folder(place[2], frozenset())
    if folder.is_single and len(stems) >= (_IN_STORE if system else _GALLERY):
        signs = _signs(folder, stems, beside)
    if _is_of_web(place) and not (folder.has_strong_name or "templates_beside" in signs):
        signs = []
    if signs:
        keys = {_COUNTER.sub("", stem) for stem in stems}
        kind = GroupKind.GALLERY
        return Group(_locator(place), kind, len(keys), folder.findings, system, ("single_portraits", *signs))
    if len(folder.templates) >= _TEMPLATE_FILES:
        people = len({_COUNTER.sub("", name.rpartition(".")[0] or name) for name in folder.templates})
        return Group(
            _locator(place), GroupKind.TEMPLATES, people, folder.findings, "", ("file_per_template",)
        )
    return None


def _signs(folder: _Folder, stems: dict[str, str], beside: int) -> list[str]:
    signs = []
    if len(folder.named) >= len(stems) / 2:
        signs.append("named_after_persons")
    numbered = sum(bool(_NUMBER.fullmatch(stem)) for stem in stems) >= _MOST * len(stems)
    same_size = max(folder.sizes.values(), default=0) >= _MOST * len(stems)
    if numbered and folder.is_portraits and same_size and not _is_counter(stems):
        signs.append("numbered")
    if beside >= len(stems) / 2 or folder.has_template_beside:
        signs.append("templates_beside")
    if folder.has_store:
        signs.append("store_name")
    return [*signs, "same_size"] if signs and same_size else signs


def _add_to_store(stores: dict[_Place, _Store], finding: Finding) -> None:
    locator = finding.locator
    fragment = locator.fragment or ""
    table = "" if fragment.startswith("text/") else fragment.rpartition("/")[0]
    key = (locator.scheme, locator.path, table)
    store = stores.get(key)
    if store is None:
        store = stores[key] = _Store(locator.at(table or None))
    store.findings += 1
    if finding.form in _STORED and finding.is_biometric:
        store.templates = max(store.templates, finding.references)
    elif finding.form is Form.SAMPLE:
        store.pictures = max(store.pictures, finding.references)
    store.has_person_key |= any(clue.name == "person_key" for clue in finding.clues)
    store.has_registry |= any(clue.name == "recognition_store" for clue in finding.clues)
    store.system = store.system or system_of_store(locator.path[-1], fragment)


def _of_stores(stores: dict[_Place, _Store]) -> Iterator[Group]:
    for store in stores.values():
        signs = ["person_key"] if store.has_person_key else []
        if store.templates > 1 or (store.templates and store.system):
            signs += ["pictures_beside"] if store.pictures else []
            kind, people = GroupKind.TEMPLATES, store.templates
        elif store.pictures > 1 and (store.has_person_key or store.has_registry or store.system):
            signs += ["store_name"] if store.has_registry else []
            kind, people = GroupKind.PERSON_PICTURES, store.pictures
        else:
            continue
        yield Group(store.locator, kind, people, store.findings, store.system, tuple(signs))
