"""What a file is by its own bytes, whatever it is called and whoever says what it is."""

from __future__ import annotations

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
_OLD_OFFICE_BEGINS = bytes.fromhex("d0cf11e0a1b11ae1")


def _of_old_office(data: bytes) -> str:
    for stream, content_type in _OLD_OFFICE.items():
        if stream.encode("utf-16-le") in data:
            return content_type
    return UNKNOWN


def _of_text(data: bytes) -> str:
    """Return what a file is that no signature tells: a contact, plain text, or nothing that we know."""
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError:
        text = ""
    if text.lstrip()[:11].upper() == "BEGIN:VCARD":
        return "text/vcard"
    seen = text and not any(character < " " and character not in "\t\n\r\f" for character in text)
    markup = text.lstrip()[:1] == "<"  # HTML, SVG and their kin: nothing that is shown, whatever it says it is.
    return "text/plain" if seen and not markup else UNKNOWN


def _look(data: bytes) -> str:
    import filetype

    if data[4:10] == b"ftyp3g":  # 3GPP's brands (TS 26.244); such files are named compatible with MP4 too.
        return "video/3gpp"
    found = str(filetype.guess_mime(data) or "")
    if found:
        return _OTHER_NAMES.get(found, found)
    if data[4:8] == b"ftyp":  # ISO/IEC 14496-12: another brand of the same container.
        return "video/mp4"
    return _of_old_office(data) if data.startswith(_OLD_OFFICE_BEGINS) else _of_text(data)


def detect(data: bytes, said: str = "") -> str:
    """Return the content type of `data`, in lower case and without parameters.

    What its sender `said` counts only among the names of one container. UNKNOWN is what nothing shows.
    """
    found = _look(data)
    said = said.partition(";")[0].strip().lower()
    said = _OTHER_NAMES.get(said, said)
    return said if any(found in names and said in names for names in _ALIKE) else found
