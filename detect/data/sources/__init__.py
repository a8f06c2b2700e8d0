"""One file per dataset form."""
