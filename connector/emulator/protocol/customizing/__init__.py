"""Changes of the schema through the metadata API: tables, columns, relationships, global choices.

What was added can be changed and deleted again; what came with the schema cannot, as managed components
refuse it. Members of a definition that are not known here are refused by name; those that have no effect
here (descriptions, formats, menus) are kept and told again.
"""
