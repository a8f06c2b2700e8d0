"""What all DICOM objects made of readings have in common."""
