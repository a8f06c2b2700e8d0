"""Measuring a model against annotated radiographs."""
