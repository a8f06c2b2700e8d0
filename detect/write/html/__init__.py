"""The format `html`: report.html, a worklist that opens in any browser, offline."""
