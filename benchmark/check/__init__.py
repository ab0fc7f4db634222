"""The regression check: what a folder of reference results holds, evaluated again and compared image by image."""
