"""Tell by their first bytes rarer recordings, and archives, disk images, documents and pictures that are not opened.

What has such a start holds more than its bytes show, whatever it is named; without this it would pass in silence.

Sources: the signatures in the formats' own specifications: ARJ technote; LZSS ("SZDD", "KWAJ"); [MS-WIM]; Android's
BackupManagerService; OpenSSL enc(1); age-encryption.org/v1; LUKS on-disk format; VMDK 1.1, QCOW2, VHDX, EWF; Jet;
Adobe TN 5002 (EPS); Truevision, PCX, SGI, DDS, QOI, OpenEXR, Radiance, DjVu, GIMP, JPEG XR and FITS headers;
QuickTime File Format; ISO/IEC 13818-1 and 14496-10 annex B; BDAV streams (192 bytes a packet); SMPTE 377 (MXF).
"""

from __future__ import annotations

import re

__all__ = ["ENCRYPTED", "GIT_BUNDLE", "GIT_PACK", "WHAT", "closed_type"]

GIT_PACK, GIT_BUNDLE = "application/x-git-pack", "application/x-git-bundle"

_SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, rb"PACK\x00\x00\x00[\x02\x03]", GIT_PACK),
    (0, rb"# v[23] git bundle\n", GIT_BUNDLE),
    (0, rb"\x60\xea..", "application/x-arj"),
    (7, rb"\*\*ACE\*\*", "application/x-ace-compressed"),
    (0, rb"SZDD\x88\xf0\x27\x33|KWAJ\x88\xf0\x27\xd1", "application/x-ms-compress"),
    (0, rb"MSWIM\x00\x00\x00", "application/x-ms-wim"),
    (0, rb"ALZ\x01|EGGA", "application/x-alz"),
    (0, rb"\x89LZO\0\r\n\x1a\n", "application/x-lzop"),
    (0, rb"\xff\x06\0\0sNaPpY", "application/x-snappy-framed"),
    (0, rb"bvx[12n-]", "application/x-lzfse"),
    (0, rb"ANDROID BACKUP\n", "application/x-android-backup"),
    (0, rb"KDMV|# Disk DescriptorFile", "application/x-vmdk"),
    (0, rb"QFI\xfb", "application/x-qcow2"),
    (0, rb"vhdxfile|conectix", "application/x-vhd"),
    (0, rb"EVF[\x09\x32]\r\n(?:\xff|\x81)\0|ADSEGMENTEDFILE", "application/x-forensic-image"),
    (0, rb"hsqs|sqsh", "application/x-squashfs"),
    (0, rb"\x00\x01\x00\x00Standard (?:Jet|ACE) DB", "application/x-msaccess"),
    (0, rb"LUKS\xba\xbe", "application/x-luks"),
    (0, rb"Salted__", "application/x-openssl-encrypted"),
    (0, rb"age-encryption\.org/v1\n|-----BEGIN AGE ENCRYPTED FILE", "application/x-age"),
    (0, rb"-----BEGIN PGP MESSAGE", "application/pgp-encrypted"),
    (0, rb"\xc5\xd0\xd3\xc6|%!PS", "application/postscript"),
    (0, rb"qoif", "image/qoi"),
    (0, rb"DDS \x7c\x00\x00\x00", "image/vnd-ms.dds"),
    (0, rb"\x0a[\x00\x02-\x05]\x01[\x01\x02\x04\x08]", "image/vnd.zbrush.pcx"),
    (0, rb"\x01\xda[\x00\x01][\x01\x02]\x00[\x01-\x03]", "image/x-sgi"),
    (0, rb"icns\0", "image/x-icns"),
    (0, rb"v/1\x01\x02\x00", "image/x-exr"),
    (0, rb"#\?(?:RADIANCE|RGBE)\n", "image/vnd.radiance"),
    (0, rb"AT&TFORM", "image/vnd.djvu"),
    (0, rb"gimp xcf ", "image/x-xcf"),
    (0, rb"II\xbc[\x00\x01]", "image/jxr"),
    (0, rb"\x8bJNG\r\n\x1a\n|\x8aMNG\r\n\x1a\n", "image/x-jng"),
    (0, rb"SIMPLE  =  ", "image/fits"),
    (0, rb"BPG\xfb", "image/bpg"),
    (0, rb"FLIF[1-r]", "image/flif"),
    (4, rb"moov....(?:mvhd|cmov|trak|udta)|(?:wide|skip|free)\x00\x00..mdat|mdat|pnot\x00", "video/quicktime"),
    (0, rb"YUV4MPEG2 ", "video/x-yuv4mpeg"),
    (0, rb"\x00\x00\x01\xb0.\x00\x00\x01\xb5", "video/mp4v-es"),
    (0, rb"\x00\x00\x01[\x67\x27][\x42\x4d\x58\x64\x6e\x7a]|\x00\x00\x00?\x01\x09[\x10\x30\x50\x70\xf0]", "video/h264"),
    (0, rb"\x00\x00\x01\x40\x01|\x00\x00\x00?\x01\x46\x01", "video/h265"),
    (0, rb"\.RMF\x00\x00\x00", "video/vnd.rn-realvideo"),
    (0, rb"nut/multimedia container\x00", "video/x-nut"),
    (0, rb"\x06\x0e\x2b\x34\x02\x05\x01\x01", "video/mxf"),
    (0, rb"\x1f\x07\x00[\x3f\xbf]", "video/dv"),
    (4, rb"\x47.{191}\x47.{191}\x47", "video/mp2t"),
    (0, rb"[FCZ]WS[\x01-\x32]..[\x00-\x0f]\x00", "application/x-shockwave-flash"),
    (0, rb"\x02?#!SILK_V3", "audio/x-silk"),
    (0, rb"\.snd\x00\x00", "audio/basic"),
    (0, rb"FORM....AIF[FC]", "audio/aiff"),
    (0, rb"RF64....WAVE", "audio/vnd.wave"),
)  # fmt: skip
_ANY_SIGN = re.compile(b"|".join(b"." * at + b"(" + sign + b")" for at, sign, _ in _SIGNS), re.DOTALL)
"""All of them at once, each as a group of its own."""

WHAT = {
    "application/x-arj": "an ARJ archive",
    "application/x-ace-compressed": "an ACE archive",
    "application/x-ms-compress": "a file compressed by Microsoft's COMPRESS",
    "application/x-ms-wim": "a Windows image (.wim)",
    "application/x-alz": "an ALZ or EGG archive",
    "application/x-lzop": "an LZO file",
    "application/x-snappy-framed": "a Snappy file",
    "application/x-lzfse": "an LZFSE file",
    "application/x-android-backup": "an Android backup",
    "application/x-vmdk": "a disk image (VMDK)",
    "application/x-qcow2": "a disk image (QCOW2)",
    "application/x-vhd": "a disk image (VHD)",
    "application/x-forensic-image": "a forensic disk image",
    "application/x-squashfs": "a SquashFS image",
    "application/x-msaccess": "an Access database",
    "application/postscript": "a PostScript document",
    "application/x-shockwave-flash": "a Flash film",
}
ENCRYPTED = {
    "application/x-luks": "an encrypted disk (LUKS)",
    "application/x-openssl-encrypted": "a file encrypted by OpenSSL",
    "application/x-age": "a file encrypted by age",
    "application/pgp-encrypted": "a message encrypted by OpenPGP",
}


def closed_type(head: bytes) -> str | None:
    """Return the media type of what is known and not opened, or None."""
    found = _ANY_SIGN.match(head)
    return _SIGNS[found.lastindex - 1][2] if found and found.lastindex else None
