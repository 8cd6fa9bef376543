"""Live: a daemon of the profile live and a venue as two processes, position after position."""
