"""The rules of HTTP caching as pure functions on plain values: no Django, no clock, no I/O."""
