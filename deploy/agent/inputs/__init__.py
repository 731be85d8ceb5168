"""What has to be there before a container can start: images and models, by content."""
