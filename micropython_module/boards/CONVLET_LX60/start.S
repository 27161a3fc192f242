#include "xtensa/start.S"
