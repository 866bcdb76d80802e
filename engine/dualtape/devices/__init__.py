"""Devices: where tensors live and operations run. A device knows no derivative."""
