"""What each panel shows, as values: one file per panel, no request in any of them."""
