"""The subcommands of `convlet`, one file each: it parses its options, calls the library, prints the result."""
