"""Know what holds data that this version does not open, so that it becomes a gap and never a silent pass."""

from __future__ import annotations

from posixpath import splitext

from efface.formats import closed_head
from efface.formats.sniff import OCTETS
from efface.model import GapReason

__all__ = ["unopened"]

_KINDS = {
    "application/pdf": "a PDF document",
    "application/vnd.ms-outlook-pst": "an Outlook store (.pst or .ost)",
    "application/vnd.ms-htmlhelp": "a compiled help file (.chm)",
    "application/x-ole-storage": "an OLE compound file (old Office document, message or thumbnail cache)",
    "application/x-hdf5": "an HDF5 file",
    "application/vnd.apache.parquet": "a Parquet file",
    "application/vnd.apache.arrow.file": "an Arrow file",
    "application/vnd.faiss": "a FAISS index",
    "application/x-feather1": "a Feather file of the first version (2016 to 2020)",
    "application/x-annoy": "an Annoy index of vectors",
    "application/vnd.apache.avro": "an Avro file",
    "application/ogg": "an Ogg recording",
    "application/zlib": "a zlib stream",
}
_RECORDS = frozenset({"image/x-wsq"})
"""Pictures that are biometric records in themselves: finding them is looking at them."""

_FAMILIES = {"video": "a recording", "audio": "a recording"}

_PICTURES = (
    ".jpg",
    ".jpeg",
    ".png",
    ".gif",
    ".bmp",
    ".webp",
    ".tif",
    ".tiff",
    ".jp2",
    ".heic",
    ".dng",
    ".nef",
    ".tga",
    ".pcx",
    ".heif",
    ".avif",
    ".jfif",
    ".jpe",
    ".psd",
    ".cr2",
    ".cr3",
    ".arw",
    ".orf",
    ".rw2",
    ".raf",
)
_STORES = {
    "a database file": ".db .sqlite .sqlite3 .db3 .mdb .accdb .mdf .ldf .ndf .ibd .frm .myd .dbf .edb .pst .ost .bak",
    "a data file": ".avro .orc .lance .feather .parquet .h5 .hdf5 .bson .safetensors .rdb .faiss .index",
    "an archive": ".zip .7z .rar .tar .gz .bz2 .xz .zst .cab .iso",
    "a disk image": ".vmdk .vdi .vhd .vhdx .qcow2 .dd .img .e01",
    "a document": ".pdf .doc .docx .xls .xlsx .ppt .pptx .wps .et .dps .ofd .eml .msg",
    "a text": ".csv .json .xml .sql .html .htm .svg .vcf .ldif",
    "a recording": ".mp4 .mov .mkv .avi .m4v .wmv .flv .mts .m2ts .3gp .dav .ts .ps .h264 .h265 .wav .mp3 .m4a .amr",
}
_STORE_NAMES = {ending: what for what, endings in _STORES.items() for ending in endings.split()}


def unopened(media_type: str, name: str, *, understood: bool) -> tuple[GapReason, str] | None:
    """Return why something counts as not looked at, or None when it was.

    Args:
        media_type: By content.
        name: Its own name; it decides only where the content says nothing.
        understood: Whether some detector or container takes such content for what it is.

    Known kinds are unsupported. Bytes that nothing recognises are searched for records, and are taken for
    looked at unless their name says that they hold more: then they are damaged, encrypted, or of a kind
    that is not opened here.
    """
    ending = splitext(name.lower())[1]
    if ending in _PICTURES and media_type in (OCTETS, "text/plain"):
        return GapReason.UNREADABLE, "named as a picture, and its content is none: damaged or encrypted"
    if understood or media_type in _RECORDS:
        return None
    family = media_type.partition("/")[0]
    locked = closed_head.ENCRYPTED.get(media_type)
    known = locked or _KINDS.get(media_type) or closed_head.WHAT.get(media_type) or _FAMILIES.get(family)
    if known:
        return GapReason.ENCRYPTED if locked else GapReason.UNSUPPORTED, f"{known}: not opened"
    if family == "image":
        return GapReason.UNSUPPORTED, f"a picture of a kind that is not decoded ({media_type})"
    if ending in _STORE_NAMES and media_type == OCTETS:
        what = _STORE_NAMES[ending]
        return GapReason.UNREADABLE, f"named as {what}, and its content is not recognised: it was not opened"
    return None
