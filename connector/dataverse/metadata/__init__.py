"""What tables and their columns are in an environment: asked for, remembered, kept on disk."""
