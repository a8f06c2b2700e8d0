"""Reading radiographs: raster images and DICOM, chosen by content."""
