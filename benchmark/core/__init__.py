"""What everybody uses: the words of the laboratory, errors, paths, files, devices."""
