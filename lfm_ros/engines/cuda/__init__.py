"""The little of CUDA that an engine needs, through pycuda or through NVIDIA's cuda-python."""
