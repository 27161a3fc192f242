// What MicroPython's qemu port has, and what it lacks for register windows.
#include "mpconfigport.h"

#define MICROPY_EMIT_XTENSAWIN (1) // native modules of this architecture
#define MICROPY_NLR_SETJMP (1)
#define MICROPY_GCREGS_SETJMP (1)

// So that instructions can be counted, by time.ticks_cpu().
#undef MICROPY_PY_TIME
#define MICROPY_PY_TIME (1)
