"""Boxes and names of faces go out of what photo programs write beside a picture, and everything else stays."""

from __future__ import annotations

import pytest

from efface.errors import FormatError
from efface.formats.face_regions import (
    has_picasa_faces,
    has_regions,
    without_picasa_faces,
    without_regions,
)

INI = (
    b"[Picasa]\r\nname=Opening day\r\n[a.jpg]\r\nfaces=rect64(3f845bcb59418507),8e62398ebda8c1a5\r\nstar=yes\r\n"
    b"[b.jpg]\r\nfaces=rect64(1f845bcb59418507),8e62398ebda8c1a5\r\n"
)
MWG = (
    b'<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:RegionList><rdf:Bag><rdf:li><rdf:Description'
    b' mwg-rs:Name="Jane Roe" mwg-rs:Type="Face"/></rdf:li></rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>'
)
XMP = (
    b'<?xpacket begin="" id="x"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    b' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmp:Rating="4"'
    b' xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    b' xmlns:q="http://ns.microsoft.com/photo/1.2/">%b</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)


def test_faces_of_one_picture_go_and_every_other_line_stays() -> None:
    """Names are compared as Windows does; a second time nothing changes."""
    left = without_picasa_faces(INI, "A.JPG")
    assert left == INI.replace(b"faces=rect64(3f845bcb59418507),8e62398ebda8c1a5\r\n", b"")
    assert without_picasa_faces(left, "a.jpg") == left
    assert has_picasa_faces(left, "b.jpg")
    assert not has_picasa_faces(left, "a.jpg")
    assert without_picasa_faces(INI, "c.jpg") == INI


@pytest.mark.parametrize(
    "regions", [MWG, MWG * 2, b"<q:RegionInfo><q:Regions>x</q:Regions></q:RegionInfo>", b"<mwg-rs:Regions/>"]
)
def test_regions_go_under_any_prefix_and_the_rest_stays_byte_for_byte(regions: bytes) -> None:
    """Rating and packet stay as they are."""
    assert has_regions(XMP % regions)
    assert without_regions(XMP % regions) == XMP % b""
    assert not has_regions(XMP % b"")


@pytest.mark.parametrize(
    "data",
    [b"", b"<x", b"\xff\xfe<\x00", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', XMP % b"<mwg-rs:Regions>"],
)
def test_what_is_no_document_is_refused(data: bytes) -> None:
    """Whether it tells of faces cannot be said then."""
    with pytest.raises(FormatError):
        without_regions(data)
