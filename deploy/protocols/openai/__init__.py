"""The protocol of engines that have their models by themselves."""
