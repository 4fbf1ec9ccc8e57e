"""Names of what lies elsewhere, and what of them may be written down or said."""
