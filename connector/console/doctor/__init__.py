"""Step by step from the settings to an identity that may do something in the environment."""
