"""Annotated datasets: samples, sources, checks, phantoms."""
