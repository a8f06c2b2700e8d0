"""Training: prepare, fine-tune, fit the verdict, calibrate, evaluate, pack."""
