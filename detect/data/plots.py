"""A dataset as pictures: labels, image sizes and boxes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from detect.data.box_values import Size, box_values
from detect.data.plot_boxes import draw_box_positions, draw_box_sizes, draw_boxes_per_image
from detect.data.plot_images import draw_attributes, draw_image_sizes, draw_region, draw_splits
from detect.data.plot_style import PlotData
from detect.data.sample import Dataset

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PLOTS", "draw_plots"]

# Each draws on an empty figure of 8 x 5 inches, which it may resize, and returns whether there
# was anything to draw.
PLOTS: dict[str, Callable[[Figure, PlotData], bool]] = {
    "splits.png": draw_splits,
    "region.png": draw_region,
    "attributes.png": draw_attributes,
    "image_sizes.png": draw_image_sizes,
    "boxes_per_image.png": draw_boxes_per_image,
    "box_sizes.png": draw_box_sizes,
    "box_positions.png": draw_box_positions,
}
_DPI = 120
_STYLE: dict[Any, Any] = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "axes.titlelocation": "left",
    "font.family": "DejaVu Sans",  # which matplotlib brings: the same picture on every machine
    "font.size": 10.0,
    "legend.frameon": False,
    "text.parse_math": False,  # a $ in a name is no formula
}


def draw_plots(
    dataset: Dataset, sizes: Sequence[Size | None], stats: Mapping[str, Any]
) -> dict[str, bytes]:
    """Return the content of each picture (PNG) by file name; the same input gives the same bytes.

    A picture without anything to show is left out: those of boxes where none is drawn, for
    instance. Draws on canvases of its own, so no display or global backend is touched.

    Args:
        dataset: any.
        sizes: width and height of the image of each sample, pixels; None where unknown.
        stats: as `dataset_stats` returns them for both.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    data = PlotData(dataset, sizes, box_values(dataset, sizes), stats)
    files = {}
    for name, draw in PLOTS.items():
        with rc_context(_STYLE), warnings.catch_warnings():
            # a name in a script that the font lacks is drawn as empty boxes
            warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
            figure = Figure(figsize=(8.0, 5.0), dpi=_DPI, layout="constrained")
            FigureCanvasAgg(figure)
            if draw(figure, data):
                buffer = BytesIO()
                figure.savefig(buffer, format="png", metadata={"Software": None})
                files[name] = buffer.getvalue()
    return files
