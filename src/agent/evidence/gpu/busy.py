"""Keeps the first GPU busy through the driver alone, until standard input ends. Says a line once it computes."""

import ctypes
import select
import sys

# Turns until so many of the GPU's cycles are over. The driver compiles it for the GPU that is there.
KERNEL = b"""
.version 6.4
.target sm_50
.address_size 64
.visible .entry turns(.param .u64 param_cycles)
{
    .reg .pred %p<2>;
    .reg .b64 %d<4>;
    ld.param.u64 %d3, [param_cycles];
    mov.u64 %d1, %clock64;
TURN:
    mov.u64 %d2, %clock64;
    sub.u64 %d2, %d2, %d1;
    setp.lt.u64 %p1, %d2, %d3;
    @%p1 bra TURN;
    ret;
}
\0"""
CYCLES = 50_000_000

cuda = ctypes.CDLL("libcuda.so.1")


def must(what, code):
    if code:
        sys.exit(f"the GPU fails when {what}: code {code}")


device, context, module, kernel = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
must("it is asked to begin", cuda.cuInit(0))
must("it is opened", cuda.cuDeviceGet(ctypes.byref(device), 0))
must("it is made ready", cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device))
must("it is made ready", cuda.cuCtxSetCurrent(context))
must("a program is loaded", cuda.cuModuleLoadData(ctypes.byref(module), KERNEL))
must("a program is loaded", cuda.cuModuleGetFunction(ctypes.byref(kernel), module, b"turns"))
cycles = ctypes.c_ulonglong(CYCLES)
parameters = (ctypes.c_void_p * 1)(ctypes.addressof(cycles))
said = False
while not select.select([sys.stdin], [], [], 0)[0]:
    must("it computes", cuda.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, None, parameters, None))
    must("it computes", cuda.cuCtxSynchronize())
    if not said:
        print("computes", flush=True)
        said = True
