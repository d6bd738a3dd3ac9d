"""Calls: exchanges repeated where that does no harm, at the pace that the service bears, and logged."""
