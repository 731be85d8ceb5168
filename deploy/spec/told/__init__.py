"""Texts for people about kit.yaml: its schema, a first file, a Modelfile as its lines."""
