"""Files of values that producers deliver: read as they are, diagnosed, repaired only as accepted, kept as imports."""
