"""Body parts and imaging procedures as coded concepts.

DICOM PS3.16 annex L relates BodyPartExamined (0018,0015) to the anatomic regions of CID 4031;
regions in which radiographs look for fractures are taken up here. Procedures are SNOMED CT.
"""

from __future__ import annotations

import re

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from detect.write.dicom.source import DicomSource

__all__ = ["body_part_code", "laterality_code", "procedure_code", "region_code"]

_REGIONS = {  # terms of annex L, and what is met beside them: keyword in CID 4031
    "ABDOMEN": "Abdomen",
    "ACJOINT": "AcromioclavicularJoint",
    "ANKLE": "AnkleJoint",
    "ARM": "UpperArm",
    "CALCANEUS": "Calcaneus",
    "CERVICALSPINE": "CervicalSpine",
    "CHEST": "Chest",
    "CLAVICLE": "Clavicle",
    "COCCYX": "Coccyx",
    "CSPINE": "CervicalSpine",
    "CTSPINE": "CervicoThoracicSpine",
    "ELBOW": "ElbowJoint",
    "EXTREMITY": "Extremity",
    "FACIALBONES": "FacialBones",
    "FEMUR": "Femur",
    "FIBULA": "Fibula",
    "FINGER": "Finger",
    "FOOT": "Foot",
    "FOREARM": "Forearm",
    "HAND": "Hand",
    "HEAD": "Head",
    "HEEL": "Calcaneus",
    "HIP": "HipJoint",
    "HUMERUS": "Humerus",
    "ILIUM": "Ilium",
    "JAW": "JawRegion",
    "KNEE": "Knee",
    "LEG": "LowerLeg",
    "LOWERLEG": "LowerLeg",
    "LOWERLIMB": "LowerLimb",
    "LSPINE": "LumbarSpine",
    "LSSPINE": "LumboSacralSpine",
    "LUMBARSPINE": "LumbarSpine",
    "MANDIBLE": "Mandible",
    "MAXILLA": "Maxilla",
    "NASALBONE": "NasalBone",
    "NECK": "Neck",
    "ORBIT": "OrbitalStructure",
    "PATELLA": "Patella",
    "PELVIS": "Pelvis",
    "RIB": "Rib",
    "RIBS": "Rib",
    "SACRUM": "Sacrum",
    "SCAPULA": "Scapula",
    "SHOULDER": "Shoulder",
    "SIJOINT": "SacroiliacJoint",
    "SKULL": "Skull",
    "SPINE": "Spine",
    "SSPINE": "Sacrum",
    "STERNUM": "Sternum",
    "THIGH": "Thigh",
    "THORACICSPINE": "ThoracicSpine",
    "THORAX": "Chest",
    "THUMB": "Thumb",
    "TLSPINE": "ThoracoLumbarSpine",
    "TOE": "Toe",
    "TSPINE": "ThoracicSpine",
    "UPPERARM": "UpperArm",
    "UPPERLIMB": "UpperLimb",
    "WRIST": "WristJoint",
    "ZYGOMA": "Zygoma",
}

_PLAIN = Code("168537006", "SCT", "Plain X-ray")
_IMAGING: Code = codes.SCT.ImagingProcedure
_FLUOROSCOPY = Code("44491008", "SCT", "Fluoroscopy")
_PLAIN_OF = {  # keyword in CID 4031: plain radiography of it
    "Abdomen": Code("168702005", "SCT", "Plain X-ray of abdomen"),
    "AnkleJoint": Code("1290459008", "SCT", "Plain X-ray of ankle region"),
    "CervicalSpine": Code("712970008", "SCT", "Plain X-ray of cervical vertebral column region"),
    "Chest": Code("399208008", "SCT", "Plain X-ray of chest"),
    "Clavicle": Code("168594001", "SCT", "Plain X-ray of clavicle"),
    "ElbowJoint": Code("713025006", "SCT", "Plain X-ray of elbow"),
    "Femur": Code("241075002", "SCT", "Plain X-ray of femur"),
    "Finger": Code("786844003", "SCT", "Plain X-ray of finger"),
    "Foot": Code("1290452004", "SCT", "Plain X-ray of foot"),
    "Forearm": Code("783544001", "SCT", "Plain X-ray of forearm"),
    "Hand": Code("713027003", "SCT", "Plain X-ray of hand"),
    "HipJoint": Code("783628002", "SCT", "Plain X-ray of hip"),
    "Humerus": Code("713026007", "SCT", "Plain X-ray of humerus"),
    "Knee": Code("1290407002", "SCT", "Plain X-ray of knee region"),
    "LowerLeg": Code("1290525006", "SCT", "Plain X-ray of lower leg"),
    "LowerLimb": Code("1290611003", "SCT", "Plain X-ray of lower limb"),
    "LumbarSpine": Code("840361000", "SCT", "Plain X-ray of lumbar vertebral column region"),
    "Pelvis": Code("713021002", "SCT", "Plain X-ray of pelvis"),
    "Rib": Code("1251531008", "SCT", "Plain X-ray of bone structure of rib"),
    "Scapula": Code("713028008", "SCT", "Plain X-ray of scapula"),
    "Shoulder": Code("783543007", "SCT", "Plain X-ray of shoulder"),
    "Skull": Code("55965002", "SCT", "Plain X-ray of bone of cranium"),
    "Spine": Code("1290640000", "SCT", "Plain X-ray of vertebral column region"),
    "Sternum": Code("1295209004", "SCT", "Plain X-ray of sternum"),
    "ThoracicSpine": Code("1290654008", "SCT", "Plain X-ray of thoracic vertebral column region"),
    "Thumb": Code("783542002", "SCT", "Plain X-ray of thumb"),
    "Toe": Code("785711007", "SCT", "Plain X-ray of toe"),
    "UpperLimb": Code("713023004", "SCT", "Plain X-ray of upper limb"),
    "WristJoint": Code("713024005", "SCT", "Plain X-ray of wrist region"),
}
_PLAIN_MODALITIES = ("CR", "DX", "DR", "RG")
_FLUOROSCOPY_MODALITIES = ("RF", "XA")  # XA: a C-arm that sends stills of bones, no vessels
_SIDES = {
    "L": codes.SCT.Left,
    "R": codes.SCT.Right,
    "B": Code("51440002", "SCT", "Right and left"),  # CID 244
}
_SCT_CODE = re.compile(r"\d{6,16}")
_LONG_STRING = 64


def region_code(name: str | None) -> Code | None:
    """Return the region that BodyPartExamined, or a label such as "lower leg", is; else None."""
    keyword = _keyword(name)
    region: Code | None = None if keyword is None else getattr(codes.cid4031, keyword)
    return region


def body_part_code(source: DicomSource) -> Code | None:
    """Return the body part that the image shows, None where it is not said.

    AnatomicRegionSequence where it is in SNOMED CT, else BodyPartExamined.
    """
    if not source.is_raster:
        for item in source.header.get("AnatomicRegionSequence") or ():
            value, meaning = str(item.get("CodeValue", "")), str(item.get("CodeMeaning", ""))
            scheme = item.get("CodingSchemeDesignator")
            if scheme == "SCT" and _SCT_CODE.fullmatch(value) and 0 < len(meaning) <= _LONG_STRING:
                return Code(value, "SCT", meaning)
    return region_code(source.reading.source.body_part)


def laterality_code(source: DicomSource) -> Code | None:
    """Return left, right or both; None for unpaired parts and where it is not said."""
    return _SIDES.get(source.reading.source.laterality or "")


def procedure_code(source: DicomSource) -> Code:
    """Return the imaging procedure, by modality and, for plain radiography, body part."""
    modality = source.reading.source.modality
    if modality in _FLUOROSCOPY_MODALITIES:
        return _FLUOROSCOPY
    if modality not in _PLAIN_MODALITIES:
        return _IMAGING
    return _PLAIN_OF.get(_keyword(source.reading.source.body_part) or "", _PLAIN)


def _keyword(name: str | None) -> str | None:
    return _REGIONS.get(re.sub(r"[^A-Z]", "", (name or "").upper()))
