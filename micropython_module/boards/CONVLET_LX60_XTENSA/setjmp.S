// setjmp and longjmp for register windows: all frames but the last go to the stack, so that the
// window of who calls lies there, where it can be kept and put back.

    .set .Lnumber_a1, 1
    .set REGISTERS, 4 * 4 // that are kept below a stack pointer: a0 to a3 of who called
    .set MORE, 8 * 4      // and a4 to a7, below that of who called them

    .text
    .literal_position

// As many frames as there can be in registers.
    .align 4
spill:
    entry sp, 32
    beqz a2, 1f
    addi a10, a2, -1
    call8 spill
1:  retw.n

// int setjmp(jmp_buf kept): 4 words of the first kind, 4 of the second, a0 and sp.
    .global setjmp
    .align 4
setjmp:
    entry sp, 32
    movi a10, 16
    call8 spill
    addi a3, sp, -REGISTERS
    l32i a4, a3, 0
    s32i a4, a2, 0
    l32i a4, a3, 4
    s32i a4, a2, 4
    l32i a4, a3, 8
    s32i a4, a2, 8
    l32i a4, a3, 12
    s32i a4, a2, 12
    l32i a3, a3, 4     // sp of who called, and below it that of who called them
    addi a3, a3, -REGISTERS
    l32i a3, a3, 4
    addi a3, a3, -MORE
    l32i a4, a3, 0
    s32i a4, a2, 16
    l32i a4, a3, 4
    s32i a4, a2, 20
    l32i a4, a3, 8
    s32i a4, a2, 24
    l32i a4, a3, 12
    s32i a4, a2, 28
    s32i a0, a2, 32
    s32i sp, a2, 36
    movi a2, 0
    retw.n

// void longjmp(jmp_buf kept, int value)
    .global longjmp
    .align 4
longjmp:
    entry sp, 32
    movi a10, 16
    call8 spill
    l32i a0, a2, 32
    l32i a4, a2, 36
    addi a5, a4, -REGISTERS
    l32i a6, a2, 0
    s32i a6, a5, 0
    l32i a6, a2, 4
    s32i a6, a5, 4
    l32i a6, a2, 8
    s32i a6, a5, 8
    l32i a6, a2, 12
    s32i a6, a5, 12
    l32i a5, a2, 4
    addi a5, a5, -REGISTERS
    l32i a5, a5, 4
    addi a5, a5, -MORE
    l32i a6, a2, 16
    s32i a6, a5, 0
    l32i a6, a2, 20
    s32i a6, a5, 4
    l32i a6, a2, 24
    s32i a6, a5, 8
    l32i a6, a2, 28
    s32i a6, a5, 12
    mov sp, a4
    mov a2, a3
    movi a4, 1
    moveqz a2, a4, a2
    retw.n
