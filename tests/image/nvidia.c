/* A stand-in of NVIDIA's libraries, as far as dcaas-check-gpu calls them: the driver's management library, the driver,
 * CUDA's runtime and cuDNN in one file, under whatever name a test gives it. The "GPU" is this process: device memory is
 * memory, and the one kernel that it knows is a sum. FAULT in the environment makes one call fail.
 *
 * Signatures and numbers: NVML API Reference, CUDA Driver API (cuda.h), CUDA Runtime API, cuDNN API Reference. */
#include <stdlib.h>
#include <string.h>

static int fails(const char *call) {
    const char *fault = getenv("FAULT");
    return fault && !strcmp(fault, call);
}

/* NVML: 0 is success, 9 is NVML_ERROR_DRIVER_NOT_LOADED */
int nvmlInit_v2(void) { return fails("nvmlInit") ? 9 : 0; }
const char *nvmlErrorString(int code) { return code == 9 ? "Driver Not Loaded" : "Unknown Error"; }
int nvmlSystemGetDriverVersion(char *text, unsigned length) {
    strncpy(text, "580.95.05", length);
    return 0;
}
int nvmlSystemGetCudaDriverVersion_v2(int *version) {
    *version = 13000;
    return 0;
}
int nvmlDeviceGetCount_v2(unsigned *count) {
    *count = fails("nvmlDeviceGetCount") ? 0 : 1;
    return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
    *device = (void *)(size_t)(0x1234567890 + index);
    return 0;
}
int nvmlDeviceGetName(void *device, char *text, unsigned length) {
    if (device != (void *)0x1234567890) return 2;
    strncpy(text, "Stand-in T4", length);
    return 0;
}
int nvmlDeviceGetMemoryInfo(void *device, unsigned long long *memory) {
    if (device != (void *)0x1234567890) return 2;
    memory[0] = 16ull << 30;
    memory[1] = 15ull << 30;
    memory[2] = 1ull << 30;
    return 0;
}

/* The driver: 0 is success, 2 is CUDA_ERROR_OUT_OF_MEMORY, 999 is CUDA_ERROR_UNKNOWN */
int cuInit(unsigned flags) { return flags || fails("cuInit") ? 999 : 0; }
int cuGetErrorString(int code, const char **words) {
    *words = code == 2 ? "out of memory" : "unknown error";
    return 0;
}
int cuDeviceGet(int *device, int ordinal) {
    *device = ordinal;
    return 0;
}
int cuDevicePrimaryCtxRetain(void **context, int device) {
    *context = (void *)0x7fffffffff;
    return device;
}
int cuCtxSetCurrent(void *context) { return context == (void *)0x7fffffffff ? 0 : 999; }
int cuModuleLoadData(void **module, const char *ptx) {
    *module = strstr(ptx, ".entry dcaas_sum(") ? (void *)0x6fffffffff : 0;
    return *module ? 0 : 999;
}
int cuModuleGetFunction(void **function, void *module, const char *name) {
    *function = (void *)0x5fffffffff;
    return module == (void *)0x6fffffffff && !strcmp(name, "dcaas_sum") ? 0 : 999;
}
int cuMemAlloc_v2(unsigned long long *place, size_t size) {
    *place = fails("cuMemAlloc") ? 0 : (unsigned long long)(size_t)malloc(size);
    return *place ? 0 : 2;
}
int cuMemFree_v2(unsigned long long place) {
    free((void *)(size_t)place);
    return 0;
}
int cuMemcpyHtoD_v2(unsigned long long to, const void *from, size_t size) {
    memcpy((void *)(size_t)to, from, size);
    return 0;
}
int cuMemcpyDtoH_v2(void *to, unsigned long long from, size_t size) {
    memcpy(to, (void *)(size_t)from, size);
    return 0;
}
int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned shared, void *stream, void **parameters, void **extra) {
    if (function != (void *)0x5fffffffff || gy * gz * by * bz != 1 || shared || stream || extra) return 999;
    const float *a = *(const float **)parameters[0], *b = *(const float **)parameters[1];
    float *sum = *(float **)parameters[2];
    unsigned count = *(unsigned *)parameters[3];
    for (unsigned i = 0; i < gx * bx && i < count; i++) sum[i] = a[i] + b[i];
    if (fails("sum")) sum[7] = 0;
    return 0;
}
int cuCtxSynchronize(void) { return fails("cuCtxSynchronize") ? 999 : 0; }

/* CUDA's runtime, and cuDNN */
int cudaRuntimeGetVersion(int *version) {
    *version = 12080;
    return 0;
}
size_t cudnnGetVersion(void) { return fails("cudnn8") ? 8907 : 90800; }
