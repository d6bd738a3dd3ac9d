"""Records as a stream: page after page, the next one on its way, in parts, by FetchXML."""
