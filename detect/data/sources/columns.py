"""Which column of a table says what: roles, the names that people give them, and the rest.

Case, blanks, `_`, `-` and other marks in a column's name do not matter. Of the names of a role
the one listed first wins; `ImportOptions.columns` (`--column ROLE=NAME`) overrides them. A box is
four columns in pixels: two corners `x1 y1 x2 y2`, or the top left corner and the size
`x y width height`. All other columns become attributes, named in snake_case, except for further
names of the file, its size, and what tells who the patient is: those are dropped.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from detect.data.sources.attribute_names import attribute_name
from detect.errors import DataError, InputError

__all__ = ["ATTRIBUTES", "CORNERS", "ROLES", "SIZE", "Columns", "column_key", "find_columns"]

CORNERS = ("x1", "y1", "x2", "y2")
SIZE = ("x", "y", "width", "height")
# attributes by which figures are broken down, whatever a table calls them
ATTRIBUTES = ("fracture_type", "region", "view", "laterality", "hardware")

# role → keys of its usual names, the likeliest first
_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        role: tuple(names.split())
        for role, names in (
            ("uid", "sopinstanceuid sopuid instanceuid"),
            (
                "image",
                "imagepath path filepath filename file image imagefile imagefilename imagename"
                " imageid img imgpath imgname imgid filestem dateiname datei bilddatei bild",
            ),
            (
                "fractured",
                "fractured fracture isfractured isfracture hasfracture fracturepresent"
                " fracturevisible fractureyesno fracturelabel fraktur fractura frattura target",
            ),
            (
                "group",
                "patientid patient patientenid patientennummer patientennr patientnumber patientno"
                " idpatient pazienteid pacienteid subjectid subject group caseid case fallnummer"
                " studyid study studyinstanceuid",
            ),
            ("split", "split datasplit partition"),
            ("label", "label class category classname labelname categoryname"),
            ("x1", "x1 xmin minx left bboxx1 bboxxmin boxx1 boxxmin"),
            ("y1", "y1 ymin miny top bboxy1 bboxymin boxy1 boxymin"),
            ("x2", "x2 xmax maxx right bboxx2 bboxxmax boxx2 boxxmax"),
            ("y2", "y2 ymax maxy bottom bboxy2 bboxymax boxy2 boxymax"),
            ("x", "x xmin left bboxx boxx bboxleft x1"),
            ("y", "y ymin top bboxy boxy bboxtop y1"),
            ("width", "width w bboxwidth boxwidth bboxw boxw"),
            ("height", "height h bboxheight boxheight bboxh boxh"),
            ("fracture_type", "fracturetype typeoffracture fracturetypes"),
            (
                "region",
                "region bodyregion anatomicalregion bodypart bodypartexamined anatomy körperregion",
            ),
            ("view", "view viewposition projection"),
            ("laterality", "laterality imagelaterality side"),
            ("hardware", "hardware implant implants"),
        )
    }
)
ROLES = tuple(_NAMES)

# any name but those of things; other languages where their words are as plain
_PERSON = re.compile(
    r"(?<!file)(?<!image)(?<!img)(?<!class)(?<!label)(?<!category)(?<!set)(?<!model)(?<!device)"
    r"(?<!station)(?<!series)(?<!protocol)(?<!bone)(?<!region)names?$|^(pre)?nom$|apellido|cognome"
    r"|birth|geburt|naissance|nacimiento|nascita|^dob$|accession|^mrn$|medicalrecord|^ssn$"
    r"|socialsecurity|insurance|versicher|address|adresse|phone|telefon|email"
    # where another column is the group
    r"|^(id)?(patiente?n?|paziente|paciente|subject|person)(s|id|ids|number|nummer|no|nr)?$"
)
_ABOUT_FILE = frozenset({"width", "height", "imagewidth", "imageheight", "imgwidth", "imgheight"})
_PACKED_BOX = frozenset(
    {"boxes", "bbox", "bboxes", "boundingbox", "boundingboxes", "polygon", "segmentation"}
)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table by what they say."""

    roles: Mapping[str, str]  # role → column
    box: tuple[str, ...]  # CORNERS, SIZE, or nothing: there are no boxes
    attributes: Mapping[str, str]  # attribute → column
    dropped: tuple[str, ...]  # columns that tell who the patient is
    packed: tuple[str, ...]  # columns that hold a whole box or polygon: not read


def column_key(name: str) -> str:
    """Return what of a column's name counts: its letters and digits, in lower case."""
    plain = unicodedata.normalize("NFC", name).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def find_columns(
    header: Sequence[str], where: str, given: Mapping[str, str], *, image_by_uid: bool = False
) -> Columns:
    """Tell which column of a table says what.

    Without a column that says fractured or not, and without boxes, the label does.

    Args:
        header: the column names.
        where: file and line, for messages.
        given: role → column, from the user.
        image_by_uid: a SOP Instance UID may name the image.

    Raises:
        DataError: two columns have the same name, or none says which image a row is about, or
            none what is on it.
        InputError: a role or column of `given` is unknown, or only a part of a box's is given.
    """
    by_key = _by_key(header, where)
    shown = ", ".join(name for name in header if name)
    known = [role for role in ROLES if image_by_uid or role != "uid"]
    roles: dict[str, str] = {}
    for role, name in given.items():
        if role not in known:
            message = f"--column {role}={name}: no such role; choose from {', '.join(known)}"
            raise InputError(message)
        if name not in header and column_key(name) not in by_key:
            raise InputError(f"--column {role}={name}: {where}: no such column; found {shown}")
        roles[role] = name if name in header else by_key[column_key(name)]
    free = {key: name for key, name in by_key.items() if name not in roles.values()}
    box = _box_columns(given, free)
    for role in (*(role for role in known if role not in (*CORNERS, *SIZE)), *box):
        if role in roles or (role == "label" and not box and "fractured" in roles):
            continue
        key = next((key for key in _NAMES[role] if key in free), None)
        if key is not None:
            roles[role] = free.pop(key)
    if not box and "fractured" not in roles and "label" in roles:
        roles["fractured"] = roles.pop("label")
    if "image" not in roles and "uid" not in roles:
        names = "SOPInstanceUID or image" if image_by_uid else "image"
        message = f"{where}: no column {names}; found {shown}; name the one that is"
        raise DataError(f"{message}: --column image=NAME")
    if not box and "fractured" not in roles:
        message = f"{where}: no column fractured, label or box (x1, y1, x2, y2); found {shown};"
        raise DataError(f"{message} name the one that is: --column fractured=NAME")
    return _sorted_out(roles, box, free)


def _by_key(header: Sequence[str], where: str) -> dict[str, str]:
    by_key: dict[str, str] = {}
    for name in header:
        key = column_key(name)
        if key in by_key:
            message = f"{where}: columns {by_key[key]!r} and {name!r} are called alike"
            raise DataError(f"{message}; rename one of them")
        # spreadsheets leave columns without a name, and pandas writes its index as one
        if key and not key.startswith("unnamed"):
            by_key[key] = name
    return by_key


def _box_columns(given: Mapping[str, str], free: Mapping[str, str]) -> tuple[str, ...]:
    """Return the roles of a box that all have a column; corners first: a table with them may
    well have the picture's width and height, too.
    """
    named = [role for role in given if role in (*CORNERS, *SIZE)]
    for roles in (CORNERS, SIZE):
        has_all = all(role in given or any(key in free for key in _NAMES[role]) for role in roles)
        if has_all and all(role in roles for role in named):
            return roles
    if named:
        message = f"--column {named[0]}={given[named[0]]}: a box takes {', '.join(CORNERS)}"
        raise InputError(f"{message}, or {', '.join(SIZE)}; name all four")
    return ()


def _sorted_out(roles: Mapping[str, str], box: tuple[str, ...], free: Mapping[str, str]) -> Columns:
    dropped = [name for key, name in free.items() if _PERSON.search(key)]
    packed = [name for key, name in free.items() if key in _PACKED_BOX]
    # what names or measures the file says nothing of what it shows
    left = [name for key, name in free.items() if key not in (*_ABOUT_FILE, *_NAMES["image"])]
    attributes = {role: roles[role] for role in ATTRIBUTES if role in roles}
    for name in left:
        if name not in (*dropped, *packed):
            plain = attribute_name(_snake_case(name), "table")
            attributes[f"table_{plain}" if plain in attributes else plain] = name
    return Columns(roles, box, attributes, tuple(dropped), tuple(packed))


def _snake_case(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", unicodedata.normalize("NFC", name))
    return re.sub(r"[\W_]+", "_", words).strip("_").lower()
