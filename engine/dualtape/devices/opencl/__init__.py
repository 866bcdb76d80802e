"""OpenCL devices: the only room that knows pyopencl, and nothing of it is imported before somebody asks."""

from dualtape.devices.opencl.discovery import opencl_devices as opencl_devices
