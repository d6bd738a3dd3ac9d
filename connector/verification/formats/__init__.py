"""Reports for build services and for people who read them there: one pure function for each format.

Whatever an environment holds stays text: a record's name commands no build and breaks no markup.
"""
