# Board:   any with MicroPython and the module convlet; Python on a PC too
# Wiring:  a camera with a processor of its own (OpenMV, ESP32-CAM with an OV2640 ...) that runs frame_sender.py: its TX
#          to GP5, its RX to GP4, GND to GND, 5V to VBUS.
#          A bare sensor with 8 parallel lines (OV7670, OV2640): D0-D7 to GP6-GP13, PCLK to GP14, HREF to GP15, VSYNC to
#          GP16, XCLK to GP17, SIOC and SIOD, each with 10 kOhm to 3V3, to GP19 and GP18; instead of uart_camera.py a
#          module of yours with a class of the same names, whose `start` waits for VSYNC and whose `read_row` takes a
#          byte at each rising PCLK while HREF is high (rp2.PIO can).
# Command: mpremote cp device/uart_camera.py : + run device/camera_rows.py       with model.cvl on the board
#          without a camera: convlet recording frame photo.jpg --model model.cvl -o frame.pgm
#                            mpremote cp device/pnm_camera.py frame.pgm : + run device/camera_rows.py
#                            micropython device/camera_rows.py model.cvl frame.pgm      (or python)
# Prints:  for each frame what it shows, and at the end the most heap that was in use; of a digit for the zoo's model
#          "frame 1: 0 (100 %)
#           8 rows of 8 bytes, never together in RAM; arena 244 bytes, file 2,640
#           heap in use at most 4,400 bytes more than before"
import gc
import os
import sys

import convlet

try:
    from uart_camera import open_source
except ImportError:  # it is not there, or no machine.UART
    from pnm_camera import open_source


def heap_bytes():
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0  # CPython does not tell


def classify_frame(model, camera):
    """The output, or None when the frame broke off."""
    output = None
    while output is None:  # the last row of the model's image gives the output
        row = camera.read_row()
        if row is None:
            model.reset()
            return None
        output = model.push(row)
    return output


argv = getattr(sys, "argv", [])
name = argv[1] if len(argv) > 1 else "model.cvl"
gc.collect()
before = heap_bytes()
peak = 0
model = convlet.Model(name)
camera = open_source(*argv[2:])
height, width, channels = model.input_shape
frames = 0
while camera.start():
    gc.collect()  # from here to the end of the frame nothing is given back: the most is in use at the end
    frames += 1
    if len(camera.row) != width * channels:
        raise ValueError(
            f"a row of the camera has {len(camera.row)} bytes, of the model {width} x {channels}"
        )
    output = classify_frame(model, camera)
    peak = max(peak, heap_bytes())
    if output:
        label, probability = model.classify()
        print(f"frame {frames}: {label} ({100 * probability:.0f} %)")
    else:
        print(f"frame {frames} broke off")
print(f"{height} rows of {width * channels} bytes, never together in RAM; ", end="")
print(f"arena {model.arena_bytes:,} bytes, file {os.stat(name)[6]:,}")
if peak:
    print(f"heap in use at most {peak - before:,} bytes more than before")
