"""An apply before it changes anything: its hosts, their plans, files and secrets that a person keeps."""
