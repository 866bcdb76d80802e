// OpenCL C's own functions, as far as kernels here call them, from which `declarations` chooses: one a line, or several,
// for ANY stands for each type of numbers of 32 and 64 bits, ANY4 for its vectors of four, and REAL for the floats. Of a
// function of scalars all are there, for the compiler would convert an argument to a type that is, and say nothing.
PURE size_t get_global_id(uint);
PURE size_t get_group_id(uint);
PURE size_t get_local_id(uint);
PURE size_t get_num_groups(uint);
SYNC void barrier(cl_mem_fence_flags);
PURE REAL sqrt(REAL);
PURE REAL2 sqrt(REAL2);
PURE REAL4 sqrt(REAL4);
PURE REAL8 sqrt(REAL8);
PURE int any(int2);
PURE int any(int4);
PURE int any(int8);
PURE int any(long2);
PURE int any(long4);
PURE ANY min(ANY, ANY);
PURE ANY clamp(ANY, ANY, ANY);
PURE int convert_int(ANY);
PURE int2 convert_int2(ANY2);
PURE int4 convert_int4(ANY4);
PURE ulong convert_ulong(ANY);
PURE ulong2 convert_ulong2(ANY2);
PURE ulong4 convert_ulong4(ANY4);
READ float vload_half(size_t, const __global half*);
READ float2 vload_half2(size_t, const __global half*);
READ float4 vload_half4(size_t, const __global half*);
READ float8 vload_half8(size_t, const __global half*);
READ float16 vload_half16(size_t, const __global half*);
WRITE void vstore_half_rte(REAL, size_t, __global half*);
WRITE void vstore_half2_rte(REAL2, size_t, __global half*);
WRITE void vstore_half4_rte(REAL4, size_t, __global half*);
WRITE void vstore_half8_rte(REAL8, size_t, __global half*);
WRITE void vstore_half16_rte(REAL16, size_t, __global half*);
