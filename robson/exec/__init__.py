"""From intents to outcomes, each sent once and never guessed."""
