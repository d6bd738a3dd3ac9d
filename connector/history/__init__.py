"""What was seen and done, kept in a local SQLite file beyond the platform's thirty days.

    with History.open(path) as history:
        history.see(runs)
        history.note(Entry(...))

It is a memory, not a source: nothing decides by it whether something may be started.
"""
