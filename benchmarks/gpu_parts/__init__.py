"""What `gpu.py` does, each part in a process of its own: a driver that hangs or crashes ends one part, not the run."""
