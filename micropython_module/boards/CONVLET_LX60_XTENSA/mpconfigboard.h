// What our boards of QEMU have, and what MicroPython's qemu port lacks for register windows.
#include "../qemu/mpconfigboard.h"

#define MICROPY_EMIT_XTENSAWIN (1) // native modules of this architecture
#define MICROPY_NLR_SETJMP (1)
#define MICROPY_GCREGS_SETJMP (1)

// So that instructions can be counted, by time.ticks_cpu().
#undef MICROPY_PY_TIME
#define MICROPY_PY_TIME (1)
