"""Say where on a machine software that recognises people is likely to lie, by names alone.

Sources: Filesystem Hierarchy Standard 3.0 (/opt, /srv, /usr/local, /var); Windows known folders (Program Files,
ProgramData, AppData); where pip, npm and Docker put what they install; homes of InsightFace, deepface and others as
they name them. The numbers are a judgement of order, not rates.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["MANIFESTS", "file_likelihood", "folder_likelihood", "likelihood"]

_BASE = 0.3
_FOLDERS: tuple[tuple[str, float], ...] = (
    (r"\.insightface|\.deepface|\.dlib|face[_-]?(?:recog|id|net|db|lib|gate|server)[^/]*|arc(?:soft|face)[^/]*", 1.0),
    (r"insightface[^/]*|megvii[^/]*|sensetime[^/]*|seeta[^/]*|compreface[^/]*|frigate|zkbio[^/]*|zkteco[^/]*", 1.0),
    (r"hik[^/]*|ivms[^/]*|dahua[^/]*|uniview[^/]*|.*人脸.*|.*刷脸.*|.*门禁.*|.*案场.*", 1.0),
    (r"[^/]*\.dist-info|[^/]*\.egg-info|dpkg|systemd|init\.d", 0.95),
    (r"site-packages|dist-packages|node_modules", 0.9),
    (r"opt|srv|usr/local|program files(?: \(x86\))?|programdata|appdata|apps?|www|wwwroot|inetpub", 0.85),
    (r"overlay2?|containers|docker|containerd|volumes|snapshots", 0.8),
    (r"models?|weights|compose|deploy[^/]*|k8s|helm|conf(?:ig)?|etc|logs?|backend|server", 0.75),
    (r"home|root|users|desktop|downloads|documents|data|backup[^/]*", 0.6),
    (r"lib|lib64|bin|var|usr", 0.45),
    (r"doc|docs|man|locale|locales|fonts?|icons?|themes?|include|zoneinfo|terminfo|licenses|help|wallpaper", 0.05),
    (r"winsxs|softwaredistribution|installer|assembly|driverstore|servicing", 0.1),
    (r"\.git|\.svn|__pycache__|\.cache|cache|tmp|temp|trash[^/]*|\$recycle\.bin|proc|sys|dev|lost\+found", 0.05),
)  # fmt: skip
_FOLDER_PATTERNS = tuple((re.compile(pattern), score) for pattern, score in _FOLDERS)

MANIFESTS = re.compile(
    r"metadata|pkg-info|package\.json|.*package-lock\.json|yarn\.lock|pnpm-lock\.yaml|requirements.*\.txt|pom\.xml|pom\.properties"
    r"|.*\.gradle(?:\.kts)?|.*\.deps\.json|packages\.config|.*\.csproj|.*\.nuspec|go\.mod|go\.sum|status|installed|control"
    r"|pipfile\.lock|poetry\.lock|uv\.lock|composer\.(?:json|lock)"
)
_FILES: tuple[tuple[str, float], ...] = (
    (r".*face[_-]?(?:recog|api|id|net|lib|engine|sdk|db|match|feat|embed|enrol).*", 1.0),
    (r".*(?:arcface|arcsoft|rekognition|megvii|sensetime|seeta|insightface|deepface|biometr|人脸|刷脸|底库).*", 1.0),
    (MANIFESTS.pattern, 0.9),
    (r".*\.(?:onnx|tflite|caffemodel|prototxt|pb|pth?|t7|csta|h5|keras|mnn|rknn|engine|mlmodel|param|nb|ckpt)", 0.85),
    (r"docker-compose.*|compose\.ya?ml|.*\.service|dockerfile.*|procfile|.*\.nomad", 0.85),
    (r".*\.(?:apk|aab|ipa|jar|war|whl|egg|nupkg|msi|lic|dat|pkl|pickle|clf|db)|idl-.*|.*[_-]shard\d+", 0.7),
    (r".*\.(?:so|dll|dylib|exe)|.*\.so\.[\d.]+", 0.65),
    (r".*\.(?:ya?ml|json|toml|ini|conf|cfg|properties|env|xml|config|bat|ps1|sh)|\.env.*|crontab", 0.55),
    (r".*\.(?:py|pyw|js|ts|tsx|jsx|vue|java|kt|go|cs|vb|cpp|cc|c|h|hpp|php|swift|m|dex)", 0.5),
    (r".*\.(?:log|out|err)(?:[._-]?\d[\d-]*)?", 0.45),
    (r".*\.(?:tar|tgz|zip|7z|rar|iso|img|tar\.gz|deb|rpm)", 0.35),
)  # fmt: skip
_FILE_PATTERNS = tuple((re.compile(pattern), score) for pattern, score in _FILES)
_PROGRAMS = re.compile(r"(?:.*/)?(?:s?bin|opt/[^/]+|app|server)")
_PROGRAM = 0.4  # a file without an ending in a folder of programs
_VENDORED = ("/site-packages/", "/dist-packages/", "/node_modules/", "/lib/python", "/winsxs/")
_OWN_TEXTS = 0.6  # files below this are texts: in folders of packages they are the packages' own


@lru_cache(maxsize=1 << 16)
def folder_likelihood(folder: str) -> float:
    """Return how likely a folder holds such software, 0 to 1; what it lies in counts, too."""
    low = folder.replace("\\", "/").lower().rstrip("/")
    parent, _, name = low.rpartition("/")
    if not name:
        return _BASE
    above = folder_likelihood(parent) if parent else _BASE
    own = next((score for pattern, score in _FOLDER_PATTERNS if pattern.fullmatch(name)), None)
    if own is None:
        return above * 0.97
    return own if own < _BASE or above >= _BASE else min(own, above * 2)


def file_likelihood(name: str) -> float:
    """Return how likely a file of such a name tells of such software; 0 where no name of it would."""
    low = name.lower()
    return next((score for pattern, score in _FILE_PATTERNS if pattern.fullmatch(low)), 0.0)


def likelihood(path: str) -> float:
    """Return how likely it is that a file tells of such software; 0 for what a triage leaves out."""
    folder, _, name = path.replace("\\", "/").rpartition("/")
    own = file_likelihood(name)
    if not own and "." not in name and _PROGRAMS.fullmatch(folder.lower()):
        own = _PROGRAM
    if own < _OWN_TEXTS and any(part in f"{folder.lower()}/" for part in _VENDORED):
        return 0.0
    return own * (0.3 + 0.7 * folder_likelihood(folder))
