# Board:   Raspberry Pi Pico with an MPU6050; without a sensor any board, MicroPython's unix port and Python on a PC
# Wiring:  VCC to 3V3, GND to GND, SDA to GP4, SCL to GP5 (see mpu6050.py)
# Command: convlet compile motion_conv1d.tflite --stream --labels motion_conv1d.labels.txt
#          convlet deploy motion_conv1d.cvl --port PORT
#          mpremote cp device/mpu6050.py : + run device/imu_gesture.py
#          without a sensor:  convlet recording motion
#                             micropython device/imu_gesture.py motion_conv1d.cvl motion.csv      (or python)
#          with an emulated one: convlet emulate --model motion_conv1d.cvl --motion motion.csv
# Prints:  a line when the gesture changes: when, what, and how sure; of the recording
#          "  0.3 s  Standing    44 %
#             6.5 s  Walking     99 %
#            11.3 s  Running     97 %
#            17.3 s  Walking     84 %
#            17.6 s  Standing    98 %
#            20.6 s  Badminton  100 %
#            25.0 s  the end"
#          It has five seconds of each of five motions; the model has seen all of a gesture after three seconds.
#
# The zoo's model knows a watch on a wrist, and has been given acceleration without gravity. For a sensor of your own
# record samples with `convlet capture` and train a model with them: `convlet train --data FOLDER`.
import sys

import convlet

ROWS_PER_SECOND = 10
HOLD = 3  # rows that a gesture must last to be one

argv = getattr(sys, "argv", [])
model = convlet.Model(argv[1] if len(argv) > 1 else "motion_conv1d.cvl")
try:
    from mpu6050 import open_source
except ImportError:  # no machine.I2C, or only recorded_motion.py is on the board
    from recorded_motion import open_source

source = open_source(*argv[2:])
shown = candidate = None
held = rows = 0
while source.read_row():
    rows += 1
    if not model.step(source.row):
        continue
    gesture, probability = model.classify()
    held = held + 1 if gesture == candidate else 1
    candidate = gesture
    if gesture != shown and held == HOLD:
        shown = gesture
        print(f"{rows / ROWS_PER_SECOND:5.1f} s  {gesture:10} {100 * probability:3.0f} %")
print(f"{rows / ROWS_PER_SECOND:5.1f} s  the end")
