"""Every session kept: what was played and answered as MIDI, what was decided as JSON lines."""
