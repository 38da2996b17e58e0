"""Models: where they come from, and how their weights become ONNX graphs without torch."""
