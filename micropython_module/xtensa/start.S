// Where a processor with register windows starts, and what it does when they run out: a frame is
// saved to the stack, or fetched from there. The compiler calls with call8 alone. The handlers are
// those of the Xtensa Instruction Set Architecture Reference Manual, chapter 4.7.1.

    .macro save register, base, offset // s32e
    .byte .Lnumber_\register << 4, ((64 + \offset) / 4) << 4 | .Lnumber_\base, 0x49
    .endm

    .macro fetch register, base, offset // l32e
    .byte .Lnumber_\register << 4, ((64 + \offset) / 4) << 4 | .Lnumber_\base, 0x09
    .endm

    .macro saved // rfwo
    .byte 0, 0x34, 0
    .endm

    .macro fetched // rfwu
    .byte 0, 0x35, 0
    .endm

    .macro rotate_back // rotw -1
    .byte 0xf0, 0x80, 0x40
    .endm

    .macro read_special register, number // rsr
    .byte .Lnumber_\register << 4, \number, 0x03
    .endm

    .macro write_special register, number // wsr
    .byte .Lnumber_\register << 4, \number, 0x13
    .endm

    .set WINDOW_BASE, 72
    .set WINDOW_START, 73
    .set WINDOWS_ON, 1 << 18 // in PS
    .set OLD_BASE, 8         // in PS
    .set OLD_BASE_BITS, 4
    .set ALLOCA, 5 // the cause of a movsp whose caller's frame is on the stack
    .set .Lnumber_a1, 1

    .section .vectors, "ax"
    .global windowed_start
windowed_start:
    j begin
    .org 0x80
    save a0, a9, -16
    fetch a0, a1, -12 // the stack pointer of who called
    save a1, a9, -12
    save a2, a9, -8
    save a3, a9, -4
    save a4, a0, -32
    save a5, a0, -28
    save a6, a0, -24
    save a7, a0, -20
    saved
    .org 0xc0
fetch_frame:
    fetch a0, a9, -16
    fetch a1, a9, -12
    fetch a2, a9, -8
    fetch a7, a1, -12
    fetch a3, a9, -4
    fetch a4, a7, -32
    fetch a5, a7, -28
    fetch a6, a7, -24
    fetch a7, a7, -20
    fetched
    .org 0x300
    j exception
    .org 0x340
    j fault
    .org 0x3c0
    j fault

    .section .text.begin, "ax"
    .literal_position
begin:
    movi a0, windowed_start
    wsr a0, vecbase
    movi a0, 0
    write_special a0, WINDOW_BASE
    movi a0, 1
    write_special a0, WINDOW_START
    movi a0, WINDOWS_ON
    wsr a0, ps
    rsync
    movi a2, stack_top
    addi a1, a2, -64
    addi a3, a1, -12
    s32i a2, a3, 0 // as if one had called with this stack pointer
    movi a0, 0
    call8 start_in_c

// Fetches the frame of who called, which moves with the stack pointer; then movsp runs again.
exception:
    wsr a0, excsave1
    rsr a0, exccause
    bnei a0, ALLOCA, fault
    read_special a0, WINDOW_BASE
    rotate_back
    rsr a2, ps
    extui a3, a2, OLD_BASE, OLD_BASE_BITS
    xor a3, a3, a4
    rsr a4, excsave1
    slli a3, a3, OLD_BASE
    xor a2, a2, a3
    wsr a2, ps
    rsync
    rotate_back
    j fetch_frame

fault: // ends the emulator with a status of 64 + the cause
    rsr a3, exccause
    addi a3, a3, 64
    movi a2, 1
    simcall
