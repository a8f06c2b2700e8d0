"""Drafts of the reporting checklists that journals ask for, filled from an evaluation."""
