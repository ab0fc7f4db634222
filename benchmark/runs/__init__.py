"""Running the comparison: plan cells, restore and score the images of each, keep one result file a cell."""
