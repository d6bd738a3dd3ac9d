"""Many records at once: chunks that fit, sent in parallel, each row answered for by itself."""
