"""The ten networks written plainly: their authors' order of operations, with our parameter names, to measure against.

Each module has `build(**arguments)`, which takes the arguments of our network of the same name and gives a network that
loads the same state dict and computes the same function.
"""
