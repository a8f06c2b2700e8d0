"""The model: network, runtimes, calibration, bundle, predictor."""
