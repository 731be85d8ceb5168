"""What the user wrote in kit.yaml, typed and checked."""
