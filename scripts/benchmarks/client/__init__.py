"""The Dataverse client beside others, against a server on loopback that is as bare as it can be."""
