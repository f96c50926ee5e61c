"""Runtimes that carry out the network, one small class each behind one protocol."""
