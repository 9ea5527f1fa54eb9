"""The conversation between a player and the model: one pure machine, `step(state, event, now)`."""
