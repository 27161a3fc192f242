// Counts the ticks of each operator's kernel: the linker's --wrap puts these functions in front of
// the kernels. BENCH_STEMS is a list of X(stem), one for each kernel.
#include "bench.h"
#include "kernels.h"

extern uint32_t bench_kernel_ticks[];

// Of a kernel that does nothing: what the reading itself adds.
static __attribute__((noinline)) void nothing(const cvl_task_t *task) {
    __asm__ volatile("" : : "r"(task));
}

static inline __attribute__((always_inline)) void count(
    const cvl_task_t *task, void (*kernel)(const cvl_task_t *)) {
    uint32_t begin = bench_ticks();
    nothing(task);
    uint32_t middle = bench_ticks();
    kernel(task);
    uint32_t end = bench_ticks();
    bench_kernel_ticks[task->index] += end - middle - (middle - begin);
}

#define X(stem)                                                                                   \
    void __real_cvl_##stem##_row(const cvl_task_t *task);                                         \
    void __wrap_cvl_##stem##_row(const cvl_task_t *task);                                         \
    void __wrap_cvl_##stem##_row(const cvl_task_t *task) {                                        \
        count(task, __real_cvl_##stem##_row);                                                     \
    }
BENCH_STEMS
