"""Measurements from clocks, memory and counters: latency, CPU time, memory, the processor."""
