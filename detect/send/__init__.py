"""Sending results to a PACS (C-STORE, STOW-RS) or a FHIR server, each object exactly once."""
