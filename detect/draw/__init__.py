"""Drawing readings on radiographs."""
