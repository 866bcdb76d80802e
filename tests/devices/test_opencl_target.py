"""The embedded OpenCL device on processors that are newer than its compiler."""

from dualtape.devices.opencl import opencl_devices
from dualtape.devices.opencl.processor import _like, name_unknown_processor


def test_every_device_that_is_listed_compiles_a_kernel() -> None:
    """PoCL 3.0 does not know AMD's family 26, and refused to build anything for it."""
    for device in opencl_devices():
        assert device.runtime.vector_bytes >= 16


def test_the_stand_in_has_no_vectors_that_the_processor_lacks() -> None:
    avx2 = {"sse2", "avx2", "fma", "bmi1", "bmi2"}
    avx512 = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}
    assert _like(avx2 | avx512) == b"skylake-avx512"
    assert _like(avx2 | {"avx512f"}) == b"haswell"
    assert _like({"sse2", "avx"}) == b"x86-64"


def test_other_implementations_are_left_alone() -> None:
    class Handle:
        driver_version = "3.1+debian"

    name_unknown_processor(Handle())
