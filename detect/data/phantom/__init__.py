"""Synthetic radiographs with exact truth: of no patient, free to share.

limbs       → what a region is made of (arm, lower_limb, hand, anatomy)
fracture    → which bone breaks, how it moves (breakage)
projection  → line integrals through it (geometry)
detector    → exposure and processing; frame, hardware: what else is in the picture
render      → a `Phantom` from a seed
writer      → a dataset of them; demo: the eight of `datasets/demo`; dicom: as DICOM
folder      → what may be written where
"""

from __future__ import annotations

from detect.data.phantom.breakage import BOX_MARGIN, FRACTURE_TYPES
from detect.data.phantom.demo import DEMO, DemoPicture, write_demo
from detect.data.phantom.limbs import REGIONS
from detect.data.phantom.render import DEFAULT_SIZE, Phantom, render_phantom
from detect.data.phantom.writer import Form, phantom_seed, write_phantoms

__all__ = [
    "BOX_MARGIN",
    "DEFAULT_SIZE",
    "DEMO",
    "FRACTURE_TYPES",
    "REGIONS",
    "DemoPicture",
    "Form",
    "Phantom",
    "phantom_seed",
    "render_phantom",
    "write_demo",
    "write_phantoms",
]
