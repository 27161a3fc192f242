// Runs one .cvl in an emulator that counts instructions, and prints lines of a name and numbers,
// which host/convlet/bench.py reads.
#include "bench.h"
#include "internal.h"

// The file and its buffers: host/convlet/bench.py writes their source for each model.
extern const uint8_t bench_file[], bench_file_end[];
extern const int8_t bench_images[]; // one for each input, one behind the other
extern uint8_t bench_arena[], bench_arena_end[];
extern uint32_t bench_checksums[]; // one for each operator
extern uint32_t bench_kernel_ticks[];

extern uint32_t bench_stack_low[]; // the lowest word of the stack, by the linker

#define PAINT 0x5aa5c33cu
#define LOOPS 1000u

static void print_number(uint32_t value) {
    char digits[12], *at = digits + sizeof digits;
    *--at = '\0';
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    *--at = ' ';
    bench_print(at);
}

static void print_line(const char *name, uint32_t value) {
    bench_print(name);
    print_number(value);
    bench_print("\n");
}

// Fills the stack below the caller's frame, and returns where that begins.
static inline __attribute__((always_inline)) const uint32_t *paint_stack(void) {
    volatile uint32_t *top = bench_stack_pointer();
    for (volatile uint32_t *at = bench_stack_low; at < top; at++) {
        *at = PAINT;
    }
    return (const uint32_t *)top;
}

// Bytes below `top` from the lowest one that was written to since.
static uint32_t used_stack(const uint32_t *top) {
    const uint32_t *at = bench_stack_low;
    while (at < top && *at == PAINT) {
        at++;
    }
    return (uint32_t)(top - at) * sizeof *at;
}

static __attribute__((noinline)) uint32_t ticks_of_loop(uint32_t count) {
    uint32_t begin = bench_ticks();
    bench_loop(count);
    return bench_ticks() - begin;
}

static void load(cvl_model_t *model) {
    cvl_fault_t fault;
    const uint32_t *top = paint_stack();
    uint32_t begin = bench_ticks();
    cvl_status_t status =
        cvl_load(model, bench_file, (size_t)(bench_file_end - bench_file), &fault);
    uint32_t ticks = bench_ticks() - begin;
    if (status == CVL_OK) {
        status = cvl_attach(model, bench_arena, (size_t)(bench_arena_end - bench_arena), &fault);
    }
    if (status != CVL_OK) {
        print_line("refused", (uint32_t)status);
        bench_exit(1);
    }
    print_line("load_stack", used_stack(top));
    print_line("load", ticks);
}

// Of a stream: the last of three periods, before which the tensors have filled.
static void run_stream(cvl_model_t *model) {
    cvl_operator_t copy;
    const cvl_operator_t *op = cvl_read_operator(model, 0, &copy);
    const int8_t *rows = bench_images;
    uint32_t ticks = 0;
    const uint32_t *top = paint_stack();
    for (unsigned period = 0; period < 3; period++) {
        for (unsigned i = 0; i < model->header.operator_count; i++) {
            bench_kernel_ticks[i] = 0;
        }
        uint32_t begin = bench_ticks();
        for (uint32_t left = op->height, count; left > 0; left -= count) {
            count = cvl_wanted_rows(model);
            cvl_push(model, rows, CVL_INT8, count);
            while (cvl_step(model) == CVL_MORE) {
            }
            rows += count * cvl_row_bytes(op);
        }
        ticks = bench_ticks() - begin;
    }
    print_line("stack", used_stack(top));
    print_line("run", ticks);
}

static void run(cvl_model_t *model) {
    cvl_input_t inputs[CVL_MAX_INPUTS];
    const int8_t *image = bench_images;
    for (unsigned i = 0; i < model->header.input_count; i++) {
        cvl_operator_t copy;
        inputs[i] = (cvl_input_t){image, CVL_INT8, 0};
        image += cvl_tensor_bytes(cvl_read_operator(model, i, &copy));
    }
    const uint32_t *top = paint_stack();
    uint32_t begin = bench_ticks();
    cvl_start(model, inputs);
    while (cvl_step(model) == CVL_MORE) {
    }
    uint32_t ticks = bench_ticks() - begin;
    print_line("stack", used_stack(top));
    print_line("run", ticks);
}

void bench_main(void) {
    print_line("loop", ticks_of_loop(2 * LOOPS) - ticks_of_loop(LOOPS));
    cvl_model_t model;
    load(&model);
    if (cvl_is_stream(&model)) {
        run_stream(&model);
    } else {
        run(&model);
    }
    for (unsigned i = 0; i < model.header.operator_count; i++) {
        print_line("kernel", bench_kernel_ticks[i]);
    }
    for (unsigned i = 0; i < model.header.output_count; i++) {
        const uint8_t *output = (const uint8_t *)cvl_output(&model, i);
        print_line("output", cvl_crc32(0, output, cvl_output_bytes(&model, i)));
    }
    print_line("selftest", cvl_selftest(&model, bench_checksums));
    bench_exit(0);
}
