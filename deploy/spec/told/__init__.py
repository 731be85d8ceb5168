"""What people are told of kit.yaml: its schema, a first file, a Modelfile as its lines."""
