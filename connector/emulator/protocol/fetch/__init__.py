"""FetchXML, as `?fetchXml=` brings it: read into values, then asked of the database."""

from connector.emulator.protocol.fetch.answer import answer_fetch

__all__ = ["answer_fetch"]
