"""What a hit costs, measured: `make bench`."""
