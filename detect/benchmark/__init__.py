"""How fast `detect` is, against others and against the machine: measured, never asserted."""
