"""How quick the embedded emulator is, beside servers that do nothing but answer."""
