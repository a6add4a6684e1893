"""Trained heads for programs that have no goldpan: safetensors with a predictor in numpy, and ONNX. No torch here."""
