// A kernel that is never run: its work-group size tells how many bytes the widest vectors have that the compiler
// makes for this device. What devices report themselves is the processor's width, which their compiler may not know.

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

__kernel __attribute__((reqd_work_group_size(VECTOR_BYTES, 1, 1))) void dt_probe(void)
{
}
