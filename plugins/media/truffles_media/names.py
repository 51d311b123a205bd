"""What a file's name says of it. Imported in the sandbox, too: nothing of the host is named here."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

_PROGRAMS = frozenset(
    {
        "apk", "app", "appinstaller", "application", "appref-ms", "appx", "bat", "chm", "cmd", "com", "command", "cpl",
        "deb", "dll", "dmg", "docm", "dotm", "exe", "gadget", "hta", "img", "inf", "ipa", "iqy", "iso", "jar", "jnlp",
        "js", "jse", "library-ms", "lnk", "msc", "msi", "msix", "msp", "mst", "ocx", "pif", "pkg", "potm", "ppam",
        "ppsm", "pptm", "ps1", "psm1", "py", "pyw", "rdp", "reg", "rpm", "run", "scf", "scr", "sct", "settingcontent-ms", "sh", "sldm", "slk", "sys", "url",
        "vb", "vbe", "vbs", "vhd", "vhdx", "webloc", "wsb", "wsc", "wsf", "wsh", "xbap", "xla", "xlam", "xll", "xlsm",
        "xltm",
    }
)  # fmt: skip


_PAGES = frozenset({"htm", "html", "mht", "mhtml", "svg", "xhtml"})

LONGEST_NAME = 100
_MADE_ANEW = frozenset({"heic", "heif", "hif", "avif"})
_ENDINGS = {"image/jpeg": ".jpg", "image/png": ".png"}


def visible(name: str) -> str:
    """The name without control and direction characters, which make a computer read another name than people do."""
    return "".join(letter for letter in name if unicodedata.category(letter)[0] != "C")


def tidy(name: str) -> str:
    """A file name to be shown: no folders, no control or direction characters, its end kept when it is long.

    Nothing is ever opened or written under it.
    """
    last = PurePosixPath(visible(name).replace("\\", "/")).name
    return last if len(last) <= LONGEST_NAME else f"{last[: LONGEST_NAME - 13]}…{last[-12:]}"


def is_program(file_name: str) -> bool:
    """Would a manager's computer run a file of this name, or a browser run what is in it, whatever its bytes are?"""
    return any(runs(name) or _ending(name) in _PAGES for name in (file_name, tidy(file_name)))


def runs(file_name: str) -> bool:
    """Would a computer run it? Pages are not meant: documents of Office hold some, and drawings in SVG."""
    return _ending(file_name) in _PROGRAMS


def _ending(file_name: str) -> str:
    """Windows takes no notice of dots and spaces at the end."""
    return visible(file_name).rstrip(" .").rpartition(".")[2].strip().lower()


def renamed(file_name: str, mime: str) -> str:
    """The name of a picture that was made anew in another format: `IMG_0001.HEIC` becomes `IMG_0001.jpg`."""
    stem, _, ending = file_name.rpartition(".")
    made_anew = stem and ending.lower() in _MADE_ANEW and mime in _ENDINGS
    return f"{stem}{_ENDINGS[mime]}" if made_anew else file_name
