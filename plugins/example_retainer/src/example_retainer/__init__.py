"""A billing method of one's own for projops-connector."""
