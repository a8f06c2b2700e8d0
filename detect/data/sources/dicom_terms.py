"""What the code strings of DICOM headers mean in the words that datasets share.

Body parts: DICOM PS3.16 annex L; views: PS3.3 sections C.8.1.1 and C.8.7.3. Beside the defined
terms stand the spellings that devices and archives really write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["region_of", "view_of"]


def _by_term(*groups: tuple[str, str]) -> Mapping[str, str]:
    return MappingProxyType({term: word for word, terms in groups for term in terms.split()})


_REGIONS = _by_term(
    ("finger", "finger fingers thumb"),
    ("hand", "hand hands carpus scaphoid metacarpus"),
    ("wrist", "wrist wrists"),
    ("forearm", "forearm radius ulna radiusulna lowerarm"),
    ("elbow", "elbow elbows"),
    ("humerus", "humerus arm upperarm"),
    ("shoulder", "shoulder shoulders clavicle scapula acjoint scjoint"),
    ("hip", "hip hips pelvis sacrum sijoint"),
    ("femur", "femur thigh upperleg"),
    ("knee", "knee knees patella"),
    ("leg", "leg legs lowerleg lowleg tibia fibula tibiafibula tibfib"),
    ("ankle", "ankle ankles"),
    ("foot", "foot feet toe toes heel calcaneus metatarsus"),
    ("spine", "spine cspine tspine lspine ctspine tlspine lsspine sspine coccyx"),
    ("chest", "chest thorax rib ribs sternum"),
    ("skull", "skull head jaw maxilla mandible zygoma orbit"),
)
_VIEWS = _by_term(
    ("frontal", "ap pa"),
    ("lateral", "lat lateral ll rl ml lm"),
    ("oblique", "obl oblique lao rao lpo rpo llo rlo"),
)


def region_of(body_part: str) -> str | None:
    """Return the region that a BodyPartExamined names, as in `LOWER LEG` or `HAND_R`, or None."""
    return _meaning(body_part, _REGIONS)


def view_of(view_position: str) -> str | None:
    """Return frontal, lateral or oblique for a ViewPosition, or None."""
    return _meaning(view_position, _VIEWS)


def _meaning(text: str, terms: Mapping[str, str]) -> str | None:
    words = re.findall(r"[a-z]+", text.casefold())
    whole = terms.get("".join(words))
    named = {terms[word] for word in words if word in terms}
    return whole or (named.pop() if len(named) == 1 else None)
