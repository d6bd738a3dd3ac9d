"""Single writes and change sets: each once, and confirmed by reading where its answer was lost."""
