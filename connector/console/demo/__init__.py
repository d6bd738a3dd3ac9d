"""The whole story on the embedded emulator: `projops demo`."""
