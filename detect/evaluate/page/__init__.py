"""The evaluation as one page for people: `report.html`, section by section."""
