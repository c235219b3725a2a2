"""Drop-ins: the names of other page caches, on freshpage's rules."""
