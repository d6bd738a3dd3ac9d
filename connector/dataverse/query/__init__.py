"""Questions as values, and what is refused before it is sent. No network."""
