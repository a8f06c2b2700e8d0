"""The format `pdf`: report.pdf, the results on paper."""
