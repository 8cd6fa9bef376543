"""Pure decisions: from a frozen view and a fact to events and intents, without I/O or clock."""
