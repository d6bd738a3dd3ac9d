"""What is compared: each in a process of its own, with the packages of its own environment."""
