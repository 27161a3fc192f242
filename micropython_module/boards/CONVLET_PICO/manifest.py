# The port's own modules and asyncio. The rest of the stock manifest is in micropython-lib, which not every source
# tree holds; `mip` installs it.
freeze("$(PORT_DIR)/modules")
include("$(MPY_DIR)/extmod/asyncio")
