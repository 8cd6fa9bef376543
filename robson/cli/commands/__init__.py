"""What each command of the CLI does, one module a command, loaded when it is called."""
