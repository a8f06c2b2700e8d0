"""The evaluation's figures as pictures, each drawn from `metrics.json` alone."""
