"""What runs a network: torch, OpenVINO or onnxruntime, and in which precision."""
