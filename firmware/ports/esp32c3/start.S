# From reset to main, and from a trap to the panic handler or back. Nothing else is assembler.

    .section .start, "ax"
    .globl _start
_start:
    csrci mstatus, 8
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, __stack_top
    la t0, hk_trap
    csrw mtvec, t0

    la t0, __stack_bottom           # a mark that is still there was never used
    li t1, 0x53544143
1:  sw t1, 0(t0)
    addi t0, t0, 4
    bltu t0, sp, 1b

    la t0, __bss_start
    la t1, __bss_end
2:  bgeu t0, t1, 3f
    sw zero, 0(t0)
    addi t0, t0, 4
    j 2b

3:  call hk_watchdogs_off
    la s0, __init_array_start
    la s1, __init_array_end
4:  bgeu s0, s1, 5f
    lw t0, 0(s0)
    jalr t0
    addi s0, s0, 4
    j 4b

5:  call main
    j 5b

# One entry for interrupts and exceptions. The C3 knows vectored mode only (the lowest bit of mtvec
# reads as 1): 32 entries of which each leads to the same place.
    .section .vectors, "ax"
    .balign 256
    .globl hk_trap
hk_trap:
    .option push
    .option norvc
    .rept 32
    j trap_entry
    .endr
    .option pop

# The frame holds x1 to x31 and mepc, so that the panic handler can show them all.
trap_entry:
    addi sp, sp, -128
    sw x1, 0(sp)
    .irp n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sw x\n, (\n * 4 - 4)(sp)
    .endr
    addi t0, sp, 128
    sw t0, 4(sp)                    # x2 as it was
    csrr t0, mepc
    sw t0, 124(sp)
    mv a0, sp
    csrr a1, mcause
    bgez a1, 1f
    call hk_interrupt
    lw t0, 124(sp)
    csrw mepc, t0
    lw x1, 0(sp)
    .irp n, 5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29, 30, 31
    lw x\n, (\n * 4 - 4)(sp)
    .endr
    addi sp, sp, 128
    mret
1:  csrr a2, mtval
    call hk_panic
    j 1b
