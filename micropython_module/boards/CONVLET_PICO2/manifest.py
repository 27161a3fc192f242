# The same modules as the Pico's.
include("../CONVLET_PICO/manifest.py")
