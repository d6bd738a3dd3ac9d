"""The page that support and finance keep open: read in the background, rendered on the server."""
