# Board:   Raspberry Pi Pico and other Cortex-M boards of MicroPython, with digits.cvl on the board
# Wiring:  none
# Command: mpremote run device/cycles.py
# Prints:  the processor cycles of one inference, such as "81234 cycles": SysTick around one m.run(x),
#          interrupts off, less an empty measurement
from array import array

import convlet
from machine import disable_irq, enable_irq, mem32

CONTROL, RELOAD, CURRENT = 0xE000E010, 0xE000E014, 0xE000E018  # SysTick, a counter of 24 bits that runs down
FULL = 0xFFFFFF
RUNNING_ON_CPU_CLOCK = 5


def cycles(call, argument):
    before = mem32[CONTROL], mem32[RELOAD]
    state = disable_irq()
    mem32[RELOAD] = FULL
    mem32[CURRENT] = 0  # any write sets it to zero
    mem32[CONTROL] = RUNNING_ON_CPU_CLOCK
    start = mem32[CURRENT]
    call(argument)
    end = mem32[CURRENT]
    enable_irq(state)
    mem32[CONTROL], mem32[RELOAD] = before[0] & 7, before[1]
    return start - end & FULL


model = convlet.Model("digits.cvl")
image = array("b", [0] * 64)
model.run(image)
cycles(model.run, image)  # the first call fills what the interpreter keeps between calls
print(cycles(model.run, image) - cycles(id, image), "cycles")
