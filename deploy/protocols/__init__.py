"""How engines are spoken to: what belongs to one protocol lies under its name."""
