"""One exchange: an address, a request on the wire, its answer or its typed fault, and when it is repeated."""
