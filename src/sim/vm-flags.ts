/** VMA flags, include/linux/mm.h. */
export const VM_WRITE = 1;
export const VM_SHARED = 2;
export const VM_LOCKED = 4;
export const VM_NONLINEAR = 8;
