"""FHIR R4 (4.0.1) and R5 (5.0.0): one transaction Bundle a record.

A reading becomes a DiagnosticReport, an Observation for the verdict and one for each finding,
the Device that made them and their Provenance; R5 adds an ImagingSelection for each place.
A failure becomes a Task that failed, with an OperationOutcome in it. Nobody's identity is
copied: the patient is that of the study, which is referred to by its UID.
"""
