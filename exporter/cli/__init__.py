"""The command line: one module for each kind of command. Heavy imports wait inside the command that needs them."""
