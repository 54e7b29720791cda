"""What a file is by its own bytes, whatever it is called and whoever says what it is."""

from __future__ import annotations

import io
import re
import struct
import zipfile

UNKNOWN = "application/octet-stream"
# One container, several names: which of them it is, its sender knows better than its first bytes do.
_ALIKE = (
    {"video/mp4", "audio/mp4", "video/quicktime", "audio/aac"},
    {"video/3gpp", "audio/3gpp", "video/mp4"},
    {"audio/ogg", "application/ogg", "video/ogg"},
    {"audio/amr", "audio/3gpp"},
    {"text/plain", "text/csv"},
)
_OTHER_NAMES = {
    "application/ogg": "audio/ogg",
    "audio/m4a": "audio/mp4",
    "audio/x-m4a": "audio/mp4",
    "audio/mp3": "audio/mpeg",
    "audio/opus": "audio/ogg",
    "audio/x-wav": "audio/wav",
    "image/jpg": "image/jpeg",
    "text/x-vcard": "text/vcard",
}
# The streams of Office's files before 2007, as their directory names them. Source: MS-CFB and MS-DOC, MS-XLS, MS-PPT.
_OLD_OFFICE = {
    "WordDocument": "application/msword",
    "Workbook": "application/vnd.ms-excel",
    "PowerPoint Document": "application/vnd.ms-powerpoint",
}
_OFFICE = "application/vnd.openxmlformats-officedocument."
# The folder of a newer Office file that its main part is in, by all that write such files (ECMA-376).
_NEW_OFFICE = {
    "word": f"{_OFFICE}wordprocessingml.document",
    "xl": f"{_OFFICE}spreadsheetml.sheet",
    "ppt": f"{_OFFICE}presentationml.presentation",
}
_ZIP_ENTRY, _MOST_PARTS = b"PK\1\2", 10_000
_EMPTY_BOXES = (b"free", b"skip", b"wide", b"uuid", b"pnot")
_OLD_QUICKTIME = b"\0\0\0\x14ftypqt  \0\0\0\0qt  "
_HEAD = 8192
# kbit/s of MPEG 1 and of MPEG 2 and 2.5, layer III, by their number from 1 on; Hz of MPEG 1.
_RATES = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_LOW_RATES = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_HERTZ = (44_100, 48_000, 32_000)
_OLD_OFFICE_BEGINS = bytes.fromhex("d0cf11e0a1b11ae1")


def _of_old_office(data: bytes) -> str:
    for stream, content_type in _OLD_OFFICE.items():
        if stream.encode("utf-16-le") in data:
            return content_type
    return UNKNOWN


def _of_text(data: bytes) -> str:
    """Return what a file is that no signature tells: a contact, plain text, or nothing that we know."""
    coding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(coding)
    except UnicodeDecodeError:  # Old phones write their cards in Latin-1.
        text = "BEGIN:VCARD" if data.lstrip()[:11].upper() == b"BEGIN:VCARD" else ""
    if text.lstrip()[:11].upper() == "BEGIN:VCARD":
        return "text/vcard"
    seen = text and not any(character < " " and character not in "\t\n\r\f" for character in text)
    markup = text.lstrip()[:1] == "<"  # HTML, SVG and their kin: nothing that is shown, whatever it says it is.
    return "text/plain" if seen and not markup else UNKNOWN


def _of_zip(data: bytes) -> str:
    """Return which of Office's types a ZIP is, in whatever order its parts stand, or nothing.

    What a ZIP holds its directory says, at its end; the first part may be any (ECMA-376 part 2, annex B).
    """
    if data.count(_ZIP_ENTRY) > _MOST_PARTS:
        return ""
    try:
        names = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error):
        return ""
    folders = {name.partition("/")[0].lower() for name in names if "/" in name}
    office = (content_type for folder, content_type in _NEW_OFFICE.items() if folder in folders)
    return next(office, "application/zip") if "[Content_Types].xml" in names else "application/zip"


def _skip_boxes(data: bytes) -> bytes:
    """Return a file in the container of MP4 from its `ftyp` on, where boxes stand before it that say nothing.

    QuickTime's of before 2001 has none at all: what follows is then the film or its data. ISO/IEC 14496-12, 4.2.
    """
    at = 0
    while data[at + 4 : at + 8] in _EMPTY_BOXES:
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:  # The real one is 64 bits long and follows.
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:
            return data
        at += size
    kind = data[at + 4 : at + 8]
    return data[at : at + _HEAD] if kind == b"ftyp" else _OLD_QUICKTIME if at and kind in (b"moov", b"mdat") else data


def _is_mp3(data: bytes) -> bool:
    """Tell whether frames of MPEG audio, layer III, follow one another, with a checksum each or without.

    ISO/IEC 11172-3, 2.4.1.3: eleven bits of sync, version, layer, protection; bit rate, sampling rate, padding.
    """
    for _frame in range(2):
        if len(data) < 4 or data[0] != 0xFF or data[1] & 0xE6 != 0xE2 or data[1] & 0x18 == 0x08:
            return False
        version, rate, sampling = data[1] >> 3 & 3, data[2] >> 4, data[2] >> 2 & 3
        if rate in (0, 15) or sampling == 3:
            return False
        kilobits = (_RATES if version == 3 else _LOW_RATES)[rate - 1]
        hertz = _HERTZ[sampling] >> {3: 0, 2: 1, 0: 2}[version]
        data = data[(144_000 if version == 3 else 72_000) * kilobits // hertz + (data[2] >> 1 & 1) :]
        if not data:  # One frame alone is a file too.
            return True
    return True


def _is_pdf(data: bytes) -> bool:
    """Tell whether a PDF begins within the first 1024 bytes, where its readers look (ISO 32000-1, annex H.3.4.1).

    After more than white space it must end as one too: a text may speak of the mark.
    """
    found = re.search(rb"%PDF-[0-9]\.[0-9]", data[:1024])
    if found is None:
        return False
    before = data[: found.start()].removeprefix(b"\xef\xbb\xbf").strip(b"\0 \t\r\n\f")
    return not before or (b"startxref" in data[-2048:] and not before.startswith(b"<"))


def _by_signature(data: bytes) -> str:
    """Return what a file is by marks that may stand elsewhere than at its first byte, or nothing."""
    import filetype

    if data[4:8] in _EMPTY_BOXES:
        data = _skip_boxes(data)
    if data[4:10] == b"ftyp3g":  # 3GPP's brands (TS 26.244); such files are named compatible with MP4 too.
        return "video/3gpp"
    if data.startswith(b"PK\3\4") and (found := _of_zip(data)) and (found != "application/zip"):
        return found
    found = str(filetype.guess_mime(data) or "")
    if found in _NEW_OFFICE.values():  # By its first parts alone, which the directory has just denied.
        return "application/zip"
    if found:
        return _OTHER_NAMES.get(found, found)
    if data[4:8] == b"ftyp":  # ISO/IEC 14496-12: another brand of the same container.
        return "video/mp4"
    return "audio/mpeg" if _is_mp3(data) else "application/pdf" if _is_pdf(data) else ""


def _look(data: bytes) -> str:
    if found := _by_signature(data):
        return found
    return _of_old_office(data) if data.startswith(_OLD_OFFICE_BEGINS) else _of_text(data)


def detect(data: bytes, claimed: str = "") -> str:
    """Return the content type of `data`, in lower case and without parameters.

    What its sender `claimed` counts only among the names of one container. UNKNOWN is what nothing shows.
    """
    found = _look(data)
    claimed = claimed.partition(";")[0].strip().lower()
    claimed = _OTHER_NAMES.get(claimed, claimed)
    return claimed if any(found in names and claimed in names for names in _ALIKE) else found
