# The windowed instructions of Xtensa, and those for division, as macros for the assembler of
# Debian's gcc-xtensa-lx106, whose processor lacks them: its compiler writes them with -mabi=windowed. ESP32, S2 and S3
# have them all. Encodings: Xtensa Instruction Set Architecture Reference Manual, chapter 6.

	.irp number, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	.set .Lnumber_a\number, \number
	.endr
	.set .Lnumber_sp, 1

	.macro entry register, bytes
	.byte 0x36, (\bytes / 8 & 0xf) << 4 | .Lnumber_\register, \bytes / 8 >> 4
	.endm

	.macro retw.n
	.byte 0x1d, 0xf0
	.endm

	.macro callx8 register
	.byte 0xe0, .Lnumber_\register, 0
	.endm

# Of any distance. The callee's window begins at a8, where its return address is put.
	.macro call8 function
	movi a8, \function
	callx8 a8
	.endm

	.macro movsp to, from
	.byte .Lnumber_\to << 4, 0x10 | .Lnumber_\from, 0
	.endm

	.macro quou to, a, b
	.byte .Lnumber_\b << 4, .Lnumber_\to << 4 | .Lnumber_\a, 0xc2
	.endm

	.macro quos to, a, b
	.byte .Lnumber_\b << 4, .Lnumber_\to << 4 | .Lnumber_\a, 0xd2
	.endm

	.macro remu to, a, b
	.byte .Lnumber_\b << 4, .Lnumber_\to << 4 | .Lnumber_\a, 0xe2
	.endm

	.macro rems to, a, b
	.byte .Lnumber_\b << 4, .Lnumber_\to << 4 | .Lnumber_\a, 0xf2
	.endm
